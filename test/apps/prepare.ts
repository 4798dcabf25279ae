// Brings an example app to the state that its users have it in: a copy outside git, packages installed, built.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  closeSync,
  readFileSync,
  readdirSync,
  statSync,
} from 'node:fs';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExampleApp } from './catalogue.js';

export const root = fileURLToPath(new URL('../../..', import.meta.url));
export const cache = join(root, '.cache/apps');

/** Where an app that takes no packages of its own runs. */
export function sourceOf({ name }: ExampleApp): string {
  return join(root, 'examples/apps', name);
}

/**
 * Copies an app, installs its packages and builds it, each of them only where its inputs have changed.
 *
 * @returns its directory
 * @throws Error where npm fails: its message names the log
 */
export function prepareApp(app: ExampleApp): string {
  const source = sourceOf(app);
  const directory = join(cache, app.name);
  mkdirSync(directory, { recursive: true });
  cpSync(source, directory, { recursive: true });
  const manifest = readFileSync(join(source, 'package.json'), 'utf8');
  once(directory, 'installed', manifest, () => {
    console.error(`lsapi: ${app.name}: installing packages`);
    npm(directory, 'install', ['install', '--no-audit', '--no-fund', '--loglevel=error']);
  });
  if (app.build === true) {
    once(directory, 'built', digest(source), () => {
      console.error(`lsapi: ${app.name}: building`);
      npm(directory, 'build', ['run', 'build']);
    });
  }
  return directory;
}

/** The version of an app's framework. */
export function versionOf({ package: name }: ExampleApp, directory: string): string {
  if (name === undefined) return process.versions.node;
  for (let at = directory; at !== dirname(at); at = dirname(at)) {
    const manifest = join(at, 'node_modules', name, 'package.json');
    if (existsSync(manifest)) {
      return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
    }
  }
  throw new Error(`The package ${name} is not installed for ${directory}.`);
}

/** Does something unless it was done for the same inputs. */
function once(directory: string, step: string, inputs: string, work: () => void): void {
  const stamp = join(directory, `.${step}`);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === inputs) return;
  work();
  writeFileSync(stamp, inputs);
}

function npm(directory: string, step: string, parameters: readonly string[]): void {
  const log = join(directory, `${step}.log`);
  const output = openSync(log, 'w');
  const { status } = spawnSync('npm', parameters, {
    cwd: directory,
    env: { ...process.env, NEXT_TELEMETRY_DISABLED: '1' },
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  if (status !== 0) throw new Error(`npm ${parameters.join(' ')} failed: ${log}`);
}

function digest(directory: string): string {
  const hash = createHash('sha256').update(process.versions.modules);
  for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort()) {
    const path = join(directory, name);
    if (statSync(path).isFile()) hash.update(name).update('\0').update(readFileSync(path)).update('\0');
  }
  return hash.digest('hex');
}
