import assert from 'node:assert/strict';
import { installCommand } from '#lib/cli/install-command.js';
import { parseCommandLine } from '#lib/cli/options.js';
import { examine, type Diagnosis } from '#lib/doctor/examine.js';
import type { DoctorCode, Finding } from '#lib/doctor/finding.js';
import { main } from '../../cli/support/lsnode.js';
import { FakeServer, lsnode, type Run } from '../../install/support/server.js';

/** A server on which an app is installed, as it should be until a test spoils it. */
export class Patient extends FakeServer {
  /** Installs the app, with further options of `lsnode install`. */
  install(...options: readonly string[]): void {
    const app = options.includes('scripts') ? [] : [this.app];
    const { exitCode, stderr } = installCommand(
      [...app, '--server-root', this.root, '--write', ...options],
      this.directory,
    );
    assert.equal(exitCode, 0, stderr);
  }

  /** Replaces a text of the virtual host's configuration that has to be there. */
  spoil(text: string | RegExp, by: string): void {
    this.hostConfig = replaced(this.hostConfig, text, by);
  }

  /** Likewise of the server's configuration. */
  spoilServer(text: string | RegExp, by: string): void {
    this.config = replaced(this.config, text, by);
  }

  /** Adds an `env` line to the external app. */
  addEnvironment(line: string): void {
    this.spoil(/^ {2}initTimeout/m, `  env                     ${line}\n  initTimeout`);
  }

  /** What `lsnode doctor --static` finds, as a process. */
  async look(): Promise<Result> {
    return examined(await lsnode(['doctor', '--json', '--static', '--server-root', this.root]));
  }

  /** What `lsnode doctor` finds, as a process: it starts others. */
  async try(): Promise<Result> {
    return examined(await lsnode(['doctor', '--json', '--server-root', this.root]));
  }

  /** The same as `look()` without a process, for what differs in no more than a check. */
  async check(): Promise<Result> {
    const { findings } = await examine({
      app: undefined,
      bind: undefined,
      serverRoot: this.root,
      needsServer: true,
      isStatic: true,
      environ: {},
      cwd: this.directory,
      proc: '/proc',
      main,
      parseArguments: parseCommandLine,
    });
    return { findings };
  }
}

export interface Result {
  /** `undefined`: there was no process. */
  readonly run?: Run;
  readonly findings: readonly Finding[];
}

/** What `lsnode doctor --json` has said. */
export function examined(run: Run): Result {
  assert.equal(run.stderr, '');
  const { findings } = JSON.parse(run.stdout) as Diagnosis;
  return { run, findings };
}

/** That this is the only finding, with a remedy that names what it should, and the exit status that follows. */
export function assertOnly(
  { run, findings }: Result,
  code: DoctorCode,
  severity: Finding['severity'],
  texts: { what?: RegExp; remedy: RegExp; subject?: RegExp },
): void {
  const [only] = findings;
  assert.deepEqual(
    findings.map((finding) => [finding.code, finding.severity]),
    [[code, severity]],
    JSON.stringify(findings, undefined, 2),
  );
  assert.match(only?.remedy ?? '', texts.remedy);
  if (texts.what !== undefined) assert.match(only?.what ?? '', texts.what);
  if (texts.subject !== undefined) assert.match(only?.subject ?? '', texts.subject);
  if (run !== undefined) assert.equal(run.code, severity === 'error' ? 1 : 0);
}

function replaced(text: string, part: string | RegExp, by: string): string {
  const result = text.replace(part, by);
  assert.notEqual(result, text, `the configuration has no ${String(part)}`);
  return result;
}
