import { AsyncResource } from 'node:async_hooks';
import type { ConnectionOptions, Connections } from '../connections/connections.js';
import type { PlainAnswer } from '../connections/plain-answer.js';
import { answerPlainly, serverError } from '../connections/plain-answer.js';
import { parseEnvironment, splitPairs } from '../http/request-environment.js';
import type { NativeConnectionSet, NativeRequestHandler } from '../native/binding.js';
import { openConnectionSet } from '../native/exchange.js';
import { environmentText } from './environment-text.js';
import { ModuleGroup } from './module-group.js';
import { mountOf } from './mount.js';
import { admit } from './policy.js';
import { scriptClosed, scriptFailed, refusalAnswer } from './refusal-answer.js';
import type { ScriptPart } from './script.js';
import { Script } from './script.js';
import { loadScript } from './script-module.js';
import type { ScriptChoice, ScriptFinder, ScriptRefusal } from './script-request.js';

/** How often files are looked at, whatever the number of requests. */
const CHECK_MS = 1000;
/** After that time a script that has failed is worth another process. */
const FAILURE_MS = 10_000;
const RESOURCE_OPTIONS = { requireManualDestroy: true };

/** The parts of a request that the native side announces. */
interface Announced {
  readonly slot: number;
  readonly serial: number;
  readonly bodyLength: number;
  readonly method: string;
  readonly url: string;
  readonly headerText: string;
  readonly envText: string;
  readonly traits: number;
}

/**
 * Serves the LSAPI connections of a process with scripts: each request goes to the one that it is for, whatever the
 * style of its handler. All share one set of connections; which script's part a slot belongs to is remembered from
 * request to request.
 */
export class ScriptConnections implements Connections, NativeRequestHandler {
  readonly set: NativeConnectionSet;
  readonly #find: ScriptFinder;
  readonly #options: ConnectionOptions;
  readonly #groups = new Map<string, ModuleGroup>();
  readonly #scripts = new Map<string, Script>();
  /** Files that may be run: by name and roots, with their real path. Looked at again once a second. */
  readonly #admitted = new Map<string, { readonly path: string; readonly until: number }>();
  /** Whom the requests in progress belong to, by slot. */
  readonly #owners: (ScriptPart | undefined)[] = [];
  readonly #waiting: (Announced | undefined)[] = [];
  #checks: NodeJS.Timeout | undefined;
  #retiring = false;

  constructor(find: ScriptFinder, options: ConnectionOptions) {
    this.#find = find;
    this.#options = options;
    this.set = openConnectionSet(
      { ...options.limits, eagerText: true },
      options.requestLog?.handle(this) ?? this,
    );
  }

  // --- NativeRequestHandler ---------------------------------------------------------------------------------

  onRequest(
    slot: number,
    serial: number,
    bodyLength: number,
    method: string,
    url: string,
    headerText: string,
    envText: string,
    traits: number,
  ): void {
    this.#owners[slot] = undefined;
    const env = parseEnvironment(envText);
    const choice = this.#find({ method, url, env, headers: () => toPairs(splitPairs(headerText)) });
    if (choice.kind === 'refused') {
      this.#refuse(slot, serial, `${method} ${url}`, choice);
      return;
    }
    const script = this.#scriptFor(choice);
    if ('status' in script) {
      this.#refuse(slot, serial, `${method} ${url}`, script);
      return;
    }
    const request: Announced = {
      slot,
      serial,
      bodyLength,
      method,
      url,
      headerText,
      envText: withNames(envText, env, choice),
      traits,
    };
    if (script.part !== undefined || script.failed) {
      this.#handOver(request, script, choice, env);
      return;
    }
    this.#waiting[slot] = request;
    const resource = new AsyncResource('LSAPIREQUEST', RESOURCE_OPTIONS);
    script.waiting.push({
      slot,
      serial,
      what: `${method} ${url}`,
      go: () => {
        if (this.#waiting[slot] !== request) return; // the client has left
        this.#waiting[slot] = undefined;
        resource.runInAsyncScope(() => this.#handOver(request, script, choice, env));
      },
    });
  }

  onBody(slot: number, serial: number): void {
    this.#owners[slot]?.onBody(slot, serial);
  }

  onDrain(slot: number, serial: number): void {
    this.#owners[slot]?.onDrain(slot, serial);
  }

  onAbort(slot: number, serial: number): void {
    this.#waiting[slot] = undefined;
    this.#owners[slot]?.onAbort(slot, serial);
  }

  onBodyTimeout(slot: number, serial: number): void {
    this.#owners[slot]?.onBodyTimeout(slot, serial);
  }

  /** Each part may have work that outlives its responses. */
  onDrained(): void {
    clearInterval(this.#checks);
    const parts = this.#parts();
    let left = parts.length;
    if (left === 0) this.#options.onDrained?.();
    this.#partDrained = () => {
      if (--left === 0) this.#options.onDrained?.();
    };
    for (const part of parts) part.onDrained();
  }

  #partDrained = (): void => undefined;

  onLog(line: string): void {
    this.#options.log(line);
  }

  onRelax(): void {
    this.#options.onRelax?.();
  }

  onRetire(orphaned: boolean): void {
    this.#options.onRetire?.(orphaned);
  }

  // --- Connections ------------------------------------------------------------------------------------------

  failRequests(error: unknown): void {
    for (const request of this.#waiting) {
      if (request === undefined) continue;
      const shown = this.#options.development ? error : undefined;
      answerPlainly(this.set, request.slot, request.serial, serverError(shown));
    }
    this.#waiting.length = 0;
    for (const part of this.#parts()) part.failRequests(error);
  }

  // --- Scripts ----------------------------------------------------------------------------------------------

  #parts(): ScriptPart[] {
    return [...this.#scripts.values()].flatMap(({ part }) => (part === undefined ? [] : [part]));
  }

  #scriptFor(choice: ScriptChoice): Script | ScriptRefusal {
    const admitted = this.#admit(choice);
    if (typeof admitted !== 'string') return admitted;
    const { applicationGroup, callableObject } = choice;
    const key = `${applicationGroup}\0${callableObject}\0${admitted}`;
    const known = this.#scripts.get(key);
    if (known !== undefined) {
      if (choice.scriptReloading && !known.reloading) this.#watch(known);
      return known;
    }
    const script = new Script(admitted);
    this.#scripts.set(key, script);
    if (choice.scriptReloading) this.#watch(script);
    void this.#load(script, applicationGroup, callableObject);
    return script;
  }

  /** The real path of a script that may be run. */
  #admit({ path, roots }: ScriptChoice): string | ScriptRefusal {
    const key = roots === undefined ? path : `${path}\0${roots.join('\0')}`;
    const known = this.#admitted.get(key);
    const now = performance.now();
    if (known !== undefined && now < known.until) return known.path;
    const admitted = admit(path, roots);
    if (admitted.kind === 'refused') {
      this.#admitted.delete(key);
      return admitted;
    }
    this.#admitted.set(key, { path: admitted.path, until: now + CHECK_MS });
    return admitted.path;
  }

  async #load(script: Script, groupName: string, callableObject: string): Promise<void> {
    const { log } = this.#options;
    let group = this.#groups.get(groupName);
    if (group === undefined) {
      group = new ModuleGroup(groupName);
      this.#groups.set(groupName, group);
    }
    try {
      const app = await loadScript(script.path, group, { callableObject, log });
      script.serve(app, { ...this.#options, set: this.set, onDrained: () => this.#partDrained() });
    } catch (error) {
      log(error instanceof Error ? error.message : String(error));
      script.fail(error);
    }
    for (const { go } of script.waiting.splice(0)) go(script);
  }

  #handOver(
    request: Announced,
    script: Script,
    { scriptName, pathInfo }: ScriptChoice,
    env: Variables,
  ): void {
    const { slot, serial, url } = request;
    const { part } = script;
    if (part === undefined || script.closed) {
      const answer = script.closed
        ? scriptClosed
        : scriptFailed(this.#options.development ? script.error : undefined);
      answerPlainly(this.set, slot, serial, answer, false);
      if (script.failed && performance.now() - script.failedAt > FAILURE_MS)
        this.#retire(
          `${script.path} could not be loaded; this process ends, so that the next one tries it again`,
        );
      return;
    }
    this.#owners[slot] = part;
    part.onRequest(
      slot,
      serial,
      request.bodyLength,
      request.method,
      script.isNodeStyle ? mountOf(url, scriptName, pathInfo, env.QUERY_STRING ?? '').url : url,
      request.headerText,
      request.envText,
      request.traits,
    );
  }

  /** Ends the process once the script's file has changed: what was loaded cannot be unloaded. */
  #watch(script: Script): void {
    script.reloading = true;
    this.#checks ??= setInterval(() => this.#check(), CHECK_MS).unref();
  }

  #check(): void {
    for (const script of this.#scripts.values()) {
      if (!script.reloading || !script.hasChanged()) continue;
      this.#retire(`${script.path} has changed; this process ends, and the next one loads it`);
      return;
    }
  }

  #retire(reason: string): void {
    if (this.#retiring) return;
    this.#retiring = true;
    clearInterval(this.#checks);
    this.#options.log(reason);
    this.set.drain();
  }

  #refuse(slot: number, serial: number, what: string, refusal: ScriptRefusal): void {
    // Redirects are no news.
    if (refusal.status >= 400) this.#options.log(printable(`${what}: ${refusal.status}: ${refusal.reason}`));
    const answer: PlainAnswer = refusalAnswer(refusal, this.#options.development);
    answerPlainly(this.set, slot, serial, answer, false);
  }
}

/** Clients choose what is in it: it must not look like lines of others. */
function printable(line: string): string {
  return line.replace(/[\x00-\x1f\x7f]/g, (character) => JSON.stringify(character).slice(1, -1));
}

type Variables = Readonly<Record<string, string>>;

/** The environment with the names by which the script is known; as it came where these are in it already. */
function withNames(text: string, env: Variables, { path, scriptName, pathInfo }: ScriptChoice): string {
  const isSame =
    env.SCRIPT_NAME === scriptName && (env.PATH_INFO ?? '') === pathInfo && env.SCRIPT_FILENAME !== undefined;
  if (isSame) return text;
  const filename = Buffer.from(path).toString('latin1');
  return environmentText({
    ...env,
    SCRIPT_FILENAME: filename,
    SCRIPT_NAME: scriptName,
    PATH_INFO: pathInfo,
  });
}

function toPairs(texts: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let index = 0; index < texts.length; index += 2) pairs.push([texts[index]!, texts[index + 1]!]);
  return pairs;
}
