import type { Settings } from '../config/setting-types.js';
import { publishProcessEnd } from '../diagnostics/process-channels.js';
import { hasBeforeExitHooks, runBeforeExit } from '../process-group/hooks.js';
import type { Worker, WorkerEnd } from '../worker/worker.js';
import type { StopSignal } from './stop-signals.js';
import {
  appAwaitsShutdown,
  appListensTo,
  closeUnwantedInspector,
  listenToSignal,
  onStopSignal,
  sendShutdown,
  tellApp,
} from './stop-signals.js';

const SECOND = 1000;
/** When to look for an inspector that was opened before signals were listened to: that happens in another thread. */
const INSPECTOR_CHECKS_MS = [20, 200, 2000];
/** Signals of a pair arrive this close together. */
const PAIR_MS = 50;
/**
 * An app that listens to SIGTERM gets this long to end by itself once its last request is answered; hooks get as long
 * before that.
 */
const CLEANUP_SECONDS = 5;

/** With which apps (Next.js) end where they listen to SIGTERM. Here that is as orderly an end as any, and no crash. */
const STATUS_OF_SIGTERM = 128 + 15;

/** The process's beginning and end: signals, draining, grace, crashes. */
export class Lifecycle {
  readonly #settings: Settings;
  readonly #log: (line: string) => void;
  #worker: Worker | undefined;
  /** Stops what stands in front of the worker; resolves once nobody is served any more. */
  #closeFront: (() => Promise<void>) | undefined;
  #stopping = false;
  #leaving = false;
  #ending = false;
  #appWasTold = false;

  /** @param isForked - whether this process is a fork, which has no thread that could open an inspector */
  constructor(settings: Settings, log: (line: string) => void, { isForked = false } = {}) {
    this.#settings = settings;
    this.#log = log;
    onStopSignal((signal) => this.#receive(signal));
    // A request without an answer would be delivered again (protocol §2.9), so the end of the process is told to
    // those in progress, whatever it comes from.
    process.on('uncaughtExceptionMonitor', (error) => {
      // An app that handles such errors itself goes on.
      if (process.listenerCount('uncaughtException') === 0) this.#worker?.failRequests(error);
    });
    process.on('exit', (status) => {
      const isOrderly = this.#stopping || this.#ending;
      if (isOrderly && status === STATUS_OF_SIGTERM && !this.#worker?.activeRequests) process.exitCode = 0;
      this.#worker?.failRequests(new Error('the process has ended'));
      if (this.#worker !== undefined) {
        const { role, answeredRequests: requests } = this.#worker;
        publishProcessEnd({ pid: process.pid, role, exitCode: Number(process.exitCode ?? status), requests });
      }
    });
    for (const delay of isForked ? [] : INSPECTOR_CHECKS_MS) {
      setTimeout(() => {
        if (closeUnwantedInspector()) this.#receive('SIGUSR1');
      }, delay).unref();
    }
  }

  /** The worker has begun to serve. */
  serve(worker: Worker): void {
    this.#worker = worker;
    if (this.#stopping) worker.stop();
  }

  /** There is something in front of the worker: run by hand, the process belongs to a terminal. */
  setFront(close: () => Promise<void>): void {
    let closed: Promise<void> | undefined;
    this.#closeFront = () => (closed ??= close().catch(() => undefined));
    listenToSignal('SIGHUP');
  }

  /** No request is left, and none will come. */
  ended(end: WorkerEnd): void {
    if (end === 'closed-by-app' && !this.#stopping) {
      // The app has closed its server. What else it does is its own affair, but it is of no use to the server.
      void this.#closeFront?.();
      void runBeforeExit();
      this.#exitAfter(this.#settings.grace, 'it closed its server');
      return;
    }
    if (this.#closeFront === undefined) this.#leave();
    else void this.#closeFront().then(() => this.#leave());
  }

  #receive(signal: StopSignal): void {
    if (signal === 'SIGTERM') this.#appWasTold = true;
    if (this.#stopping) {
      // Asked by hand twice: at once.
      if (signal === 'SIGINT') process.exit(130);
      return;
    }
    this.#stopping = true;
    const worker = this.#worker;
    if (worker === undefined) {
      this.#leave();
      return;
    }
    if (worker.isOverdue) {
      // Not dropped but answered: the server would deliver it again, to be overdue there.
      worker.failRequests(new Error('it took longer than LSAPI_MAX_PROCESS_TIME or LSNODE_GRACE allows'));
      process.exit(1);
    }
    const { activeRequests } = worker;
    if (activeRequests > 0) {
      const requests = activeRequests === 1 ? '1 request' : `${activeRequests} requests`;
      this.#log(`${signal}: finishing ${requests}, then ending`);
    }
    worker.stop();
    void this.#closeFront?.();
    setTimeout(() => {
      if (this.#leaving) return;
      const after = `${this.#settings.grace} s after ${signal} (LSNODE_GRACE)`;
      this.#log(
        worker.activeRequests > 0
          ? `requests were still running ${after}; they get a 500`
          : `work given to waitUntil() was still going on ${after}; it is given up`,
      );
      worker.failRequests(new Error('the process was told to stop'));
      process.exit(1);
    }, this.#settings.grace * SECOND).unref();
  }

  /** Ends the process once the app's onBeforeExit hooks have run. */
  #leave(): void {
    if (this.#leaving) return;
    this.#leaving = true;
    if (this.#worker === undefined || !hasBeforeExitHooks()) {
      this.#end();
      return;
    }
    const seconds = this.#cleanupSeconds;
    // Not unref'd: what the hooks wait for need not keep the process.
    const late = setTimeout(() => {
      this.#log(`the app's onBeforeExit hooks were still running after ${seconds} s; the process ends`);
      this.#end();
    }, seconds * SECOND);
    void runBeforeExit().then(() => {
      clearTimeout(late);
      this.#end();
    });
  }

  get #cleanupSeconds(): number {
    return Math.min(CLEANUP_SECONDS, this.#settings.grace);
  }

  /**
   * Lets an app clean up that listens to SIGTERM or for the message 'shutdown': a signal or not, this is its end. Both
   * only now, when requests are finished: many apps end the process at once then.
   */
  #end(): void {
    if (this.#ending) return;
    this.#ending = true;
    const awaitsMessage = appAwaitsShutdown();
    if (!appListensTo('SIGTERM') && !awaitsMessage) process.exit();
    this.#exitAfter(this.#cleanupSeconds, 'its last request');
    if (awaitsMessage) sendShutdown();
    if (this.#appWasTold || !appListensTo('SIGTERM')) return;
    // The server stops workers with two signals, and closes their connection first: SIGTERM is most likely due.
    setTimeout(() => {
      if (this.#appWasTold) return;
      this.#appWasTold = true;
      tellApp('SIGTERM');
    }, PAIR_MS);
  }

  /** The process ends by itself before that when nothing is left to do. */
  #exitAfter(seconds: number, event: string): void {
    setTimeout(() => {
      this.#log(`the app was still busy ${seconds} s after ${event}; the process ends`);
      process.exit();
    }, seconds * SECOND).unref();
  }
}
