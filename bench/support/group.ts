import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { GroupStatus } from '#lib/status/index.js';
import { groupStatus } from '#lib/status/index.js';
import { sessionMembers } from './processes.js';

/** How long a group may take to load its app, and to end. */
const PATIENCE_MS = 30_000;
const POLL_MS = 2;

/** A directory that is gone when the program ends. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'lsapi-bench-'));
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** `lsnode` as a process group, in a session of its own, with its log in a file. */
export class Group {
  readonly socket: string;
  readonly #process: ChildProcess;
  readonly #log: string;
  readonly #exited: Promise<number>;

  private constructor(directory: string, name: string, command: string[], env: NodeJS.ProcessEnv) {
    this.socket = join(directory, `${name}.sock`);
    this.#log = join(directory, `${name}.log`);
    const log = openSync(this.#log, 'w');
    const [file = '', ...parameters] = command;
    this.#process = spawn(file, [...parameters.slice(0, 1), '--bind', this.socket, ...parameters.slice(1)], {
      stdio: ['ignore', log, log],
      detached: true,
      env: { ...process.env, NODE_ENV: 'production', ...env },
    });
    closeSync(log);
    this.#exited = new Promise((resolve) => this.#process.once('exit', () => resolve(performance.now())));
    const killAll = (): void => this.#killAll();
    process.on('exit', killAll);
    void this.#exited.then(() => process.off('exit', killAll));
  }

  /** Resolves once the group serves. `env` takes LSAPI_CHILDREN and the like. */
  static async start(
    root: string,
    directory: string,
    name: string,
    app: string,
    env: NodeJS.ProcessEnv,
  ): Promise<Group> {
    const command = [process.execPath, join(root, 'dist/cli/main.js'), join(root, app)];
    const group = new Group(directory, name, command, env);
    await group.until((status) => status.state === 'serving');
    return group;
  }

  get pid(): number {
    return this.#process.pid!;
  }
  get log(): string {
    return readFileSync(this.#log, 'utf8');
  }
  status(): GroupStatus {
    return groupStatus(this.pid);
  }
  /** All processes that have come from this group and are still there, zombies included. */
  members(): number[] {
    return sessionMembers(this.pid);
  }
  signal(name: NodeJS.Signals): void {
    process.kill(this.pid, name);
  }

  /** Waits until its status is as wanted. */
  async until(condition: (status: GroupStatus) => boolean, patience = PATIENCE_MS): Promise<GroupStatus> {
    const deadline = performance.now() + patience;
    for (;;) {
      // There is no scoreboard before the app is loaded, and none that can be read while the image is replaced.
      let status: GroupStatus | undefined;
      try {
        status = this.status();
      } catch {
        status = undefined;
      }
      if (status !== undefined && condition(status)) return status;
      if (this.#process.exitCode !== null) throw new Error(`the group has ended:\n${this.log}`);
      if (performance.now() > deadline)
        throw new Error(`the group does not get there:\n${this.log.slice(-4000)}`);
      await delay(POLL_MS);
    }
  }

  /** SIGTERM; how many milliseconds the parent took to be gone. */
  async stop(): Promise<number> {
    const began = performance.now();
    this.signal('SIGTERM');
    const timeout = setTimeout(() => this.#killAll(), PATIENCE_MS);
    const took = (await this.#exited) - began;
    clearTimeout(timeout);
    return took;
  }

  #killAll(): void {
    for (const pid of this.members()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended meanwhile.
      }
    }
  }
}
