// Runs scripts that really fork, in a Node with the flags that forking takes.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../cli/support/lsnode.js';
import { programEnvironment } from '../../support/program-environment.js';

const FLAGS = ['--single-threaded', '--v8-pool-size=0'];
const PRELUDE = `
import { native } from '${root}dist-dev/lib/native/binding.js';
import * as identity from '${root}dist-dev/lib/process-group/identity.js';
import * as exit from '${root}dist-dev/lib/process-group/exit.js';
import * as hooks from '${root}dist-dev/lib/process-group/hooks.js';
import * as safety from '${root}dist-dev/lib/process-group/fork-safety.js';
import { interceptListen } from '${root}dist-dev/lib/app/capture.js';
import crypto from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
const require = createRequire('${root}');
/** One line in one write: siblings do not mix theirs. */
const print = (value) => fs.writeSync(1, JSON.stringify(value) + '\\n');
`;

export interface ScriptOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Before anything is read of its output. */
  readonly readAfter?: (child: ChildProcess) => Promise<unknown>;
}

export interface ScriptResult {
  /** Of all processes that it has forked, too. */
  readonly stdout: string;
  readonly stderr: string;
  /** What it has written to descriptor 3. */
  readonly report: string;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Runs the body of an ES module; resolves when it and all that it has forked have closed their output. */
export async function runScript(
  body: string,
  { env = {}, readAfter }: ScriptOptions = {},
): Promise<ScriptResult> {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'lsapi-fork-')));
  try {
    const file = join(directory, 'script.mjs');
    writeFileSync(file, PRELUDE + body);
    const child = spawn(process.execPath, [...FLAGS, file], {
      cwd: directory,
      env: { ...programEnvironment(), ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    const closed = once(child, 'close');
    await readAfter?.(child);
    const texts = ['', '', ''];
    for (const [index, stream] of child.stdio.slice(1).entries()) {
      stream?.on('data', (chunk: Buffer) => (texts[index] += chunk.toString('latin1')));
    }
    const [code, signal] = (await closed) as [number | null, NodeJS.Signals | null];
    const [stdout = '', stderr = '', report = ''] = texts;
    return { stdout, stderr, report, code, signal };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The values that a script has print()ed; fails if it failed. */
export async function printed<T>(body: string, options?: ScriptOptions): Promise<T[]> {
  const { stdout, stderr, code, signal } = await runScript(body, options);
  if (code !== 0) throw new Error(`The script ended with ${String(code ?? signal)}:\n${stderr}`);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as T);
}
