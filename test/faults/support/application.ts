// An lsnode with faults, as a server and an administrator see it.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findGroup } from '#lib/status/find-groups.js';
import type { GroupSnapshot } from '#lib/status/scoreboard.js';
import { native } from '#lib/native/binding.js';
import { main } from '../../cli/support/lsnode.js';
import { eventually, kill, noticedPid } from '../../process-group/support/group.js';
import { LsapiClient, type RequestOptions } from '../../support/lsapi-client.js';
import { APP } from './app.js';
import { check, FaultFailure, PATIENCE_MS, within } from './failure.js';
import { FaultSwitch } from './fault-switch.js';
import { Ledger, type SentRequest } from './ledger.js';
import { sessionMembers, type SessionMember } from './processes.js';

/** What stderr is: a file; a device that is full; a pipe that may be full, or that nobody reads; nothing at all. */
export type ErrorOutput = 'file' | 'full' | 'pipe' | 'closed';

export interface ApplicationOptions {
  readonly mode: 'group' | 'worker';
  readonly env?: Readonly<Record<string, string>>;
  readonly stderr?: ErrorOutput;
  /** Not as root, whom some settings do not concern. */
  readonly unprivileged?: boolean;
}

const BACKLOG = 64;
/** Few enough children to keep an eye on, and none that comes or goes by itself. */
const GROUP = {
  LSAPI_CHILDREN: '4',
  LSAPI_MAX_IDLE_CHILDREN: '4',
  LSAPI_KEEP_LISTEN: '2',
  LSNODE_GRACE: '5',
};
/** To root's files another user has access, but for this the user is a stranger. */
const AS_STRANGER =
  'setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=+dac_override --ambient-caps=+dac_override'.split(
    ' ',
  );

export class Application {
  readonly options: ApplicationOptions;
  readonly directory: string;
  readonly faults: FaultSwitch;
  readonly ledger: Ledger;
  readonly socketPath: string;
  /** Where the log stands, if that is a file. */
  readonly logPath: string;
  readonly #listener: number;
  /** What this end reads of a pipe that stderr is. */
  #pipe: number | undefined;
  #process: ChildProcess;
  #clients: LsapiClient[] = [];
  #logFrom = 0;

  constructor(options: ApplicationOptions) {
    this.options = options;
    this.directory = realpathSync(mkdtempSync(join(tmpdir(), 'lsapi-faults-')));
    chmodSync(this.directory, 0o777);
    this.faults = new FaultSwitch(this.directory);
    this.socketPath = join(this.directory, 'server.sock');
    this.logPath = join(this.directory, 'stderr.log');
    for (const name of ['stderr.log', 'journal']) {
      writeFileSync(join(this.directory, name), '');
      chmodSync(join(this.directory, name), 0o666);
    }
    writeFileSync(join(this.directory, 'app.mjs'), APP);
    this.ledger = new Ledger(join(this.directory, 'journal'));
    const { fd, error, message } = native.listenUnix(this.socketPath, BACKLOG, -1);
    if (error !== 0) throw new Error(message);
    this.#listener = fd;
    this.#process = this.#spawn();
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }
  get isGroup(): boolean {
    return this.options.mode === 'group';
  }
  /** The group's scoreboard, without what takes longer to find out. */
  get status(): GroupSnapshot {
    return findGroup(this.pid).snapshot;
  }

  /** Waits until it serves. */
  async ready(): Promise<void> {
    if (this.isGroup) {
      await within(
        'lost',
        'the group starts',
        this.until('it serves', (status) => status.state === 'serving'),
      );
    } else {
      await this.ask();
      this.closeClients();
    }
  }

  /** Waits until the scoreboard is as wanted. */
  until(what: string, condition: (status: GroupSnapshot) => boolean): Promise<GroupSnapshot> {
    const probe = (): GroupSnapshot | false => {
      const { status } = this;
      return condition(status) && status;
    };
    return eventually(what, probe, PATIENCE_MS);
  }

  async connect(): Promise<LsapiClient> {
    const client = await LsapiClient.connect(this.socketPath);
    this.#clients.push(client);
    return client;
  }

  /** Opens a connection and waits until a child has it: which. */
  async connectedTo(): Promise<{ client: LsapiClient; pid: number }> {
    const client = await this.connect();
    return { client, pid: await within('lost', 'a connection gets a child', noticedPid(client)) };
  }

  /**
   * Sends a request; see APP.
   *
   * @param options - `excused`: it may come to nothing, even before it is sent
   */
  async send(
    client: LsapiClient,
    what: string,
    number = 0,
    { excused = false, ...options }: RequestOptions & { fragment?: number; excused?: boolean } = {},
  ): Promise<SentRequest> {
    const id = this.ledger.nextId();
    // What is sent in pieces may break off: the entry is there before.
    const sending = client.send({ ...options, url: `/${what}/${id}?${number}` });
    const request = this.ledger.add(id, client);
    request.excused = excused;
    await sending.catch((error: unknown) => {
      if (!excused) throw error;
    });
    return request;
  }

  /** Waits until a handler has noted this of the request; its process. */
  noted(what: string, { id }: SentRequest): Promise<number> {
    return within(
      'lost',
      `a handler notes "${what}" of request ${id}`,
      eventually(what, () => this.ledger.noted(what, id)[0], PATIENCE_MS),
    );
  }

  /** Waits for the end of a response, which has to be 200; its text. */
  async answered({ id, client, response }: SentRequest): Promise<string> {
    await within(
      'lost',
      `request ${id} is answered`,
      client.until(() => response.complete),
    );
    check('lost', response.status === 200, () => `request ${id}: ${response.status} ${response.text}`);
    return response.text;
  }

  /** A request on a connection of its own, or that one; the process that has answered. */
  async ask(client?: LsapiClient): Promise<number> {
    const connection = client ?? (await within('lost', 'a connection is taken', this.connect()));
    return Number(await this.answered(await this.send(connection, 'plain')));
  }

  closeClients(): void {
    for (const client of this.#clients.splice(0)) client.close();
  }

  /** What the log has got since markLog(). */
  get log(): string {
    return readFileSync(this.logPath).subarray(this.#logFrom).toString('latin1');
  }
  markLog(): void {
    this.#logFrom = statSync(this.logPath).size;
  }

  /** Waits until the log says so. */
  async logged(pattern: RegExp): Promise<void> {
    const found = eventually(`the log has ${String(pattern)}`, () => pattern.test(this.log), PATIENCE_MS);
    await within('unlogged', `the log has ${String(pattern)}`, found).catch((error: unknown) => {
      throw new FaultFailure('unlogged', `the log has no ${String(pattern)}:\n${this.log}`, { cause: error });
    });
  }

  /** Takes what is in the pipe that stderr is; how many bytes. */
  readPipe(): number {
    let total = 0;
    for (const buffer = Buffer.alloc(64 * 1024); this.#pipe !== undefined;) {
      try {
        const size = readSync(this.#pipe, buffer);
        if (size === 0) break;
        total += size;
      } catch {
        break; // it is empty
      }
    }
    return total;
  }
  /** Nobody reads that pipe from now on: EPIPE. */
  closePipe(): void {
    if (this.#pipe !== undefined) closeSync(this.#pipe);
    this.#pipe = undefined;
  }

  /** Its processes, those that nobody has collected included. */
  members(): SessionMember[] {
    return sessionMembers(this.pid);
  }

  /** Ends what is left of it, and starts it again on the same socket, as a server does. */
  async restart(): Promise<void> {
    await this.#endAll();
    this.#process = this.#spawn();
  }

  async end(): Promise<void> {
    this.closeClients();
    await this.#endAll();
    this.closePipe();
    this.faults.close();
    closeSync(this.#listener);
    rmSync(this.directory, { recursive: true, force: true });
  }

  async #endAll(): Promise<void> {
    const running = (): SessionMember[] => this.members().filter(({ state }) => state !== 'Z');
    for (const { pid } of running()) kill(pid, 'SIGKILL');
    await eventually('its processes are gone', () => running().length === 0);
  }

  #spawn(): ChildProcess {
    const { mode, env, stderr = 'file', unprivileged = false } = this.options;
    const lsnode = [process.execPath, main, join(this.directory, 'app.mjs')];
    const prefix = [
      ...(unprivileged && process.getuid?.() === 0 ? AS_STRANGER : []),
      ...(stderr === 'closed' ? ['sh', '-c', 'exec "$@" 2>&-', 'sh'] : []),
    ];
    const [file = '', ...parameters] = [...prefix, ...lsnode];
    const errors = this.#openErrors(stderr);
    const child = spawn(file, parameters, {
      cwd: this.directory,
      env: {
        PATH: process.env.PATH,
        ...(mode === 'group' ? GROUP : {}),
        ...this.faults.environment,
        ...env,
      },
      stdio: [this.#listener, 'ignore', errors],
      detached: true, // a session of its own
    });
    closeSync(errors);
    return child;
  }

  #openErrors(kind: ErrorOutput): number {
    if (kind === 'full') return openSync('/dev/full', 'w');
    if (kind !== 'pipe') return openSync(this.logPath, 'a');
    const path = join(this.directory, 'stderr.pipe');
    if (this.#pipe === undefined) {
      spawnSync('mkfifo', [path]);
      this.#pipe = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    }
    return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  }
}
