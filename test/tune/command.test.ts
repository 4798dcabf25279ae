import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseTuneCommandLine, tuneHelpText } from '#lib/cli/tune-command.js';
import { isLsapiError } from '#lib/errors.js';
import type { TuneInput, TunePlan } from '#lib/tune/plan.js';
import type { Provenance } from '#lib/tune/report.js';
import { main, root } from '../cli/support/lsnode.js';
import { programEnvironment } from '../support/program-environment.js';

const run = promisify(execFile);
const MIB = 1024 ** 2;
const MACHINE = ['--memory', '4G', '--reserve', '1G', '--cores', '2'];

interface Tuned {
  readonly input: TuneInput;
  readonly provenance: Provenance;
  readonly plan: TunePlan;
  readonly variables: Readonly<Record<string, string>>;
}

async function tune(...parameters: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [main, 'tune', ...parameters], {
    env: programEnvironment(),
  });
  return stdout;
}

async function tuned(...parameters: string[]): Promise<Tuned> {
  return JSON.parse(await tune(...parameters, '--json')) as Tuned;
}

describe('lsnode tune', () => {
  it('shows the arithmetic, and lines for the external app', async () => {
    const text = await tune(
      ...MACHINE,
      '--rate',
      '200',
      '--response-time',
      '150',
      '--parent',
      '72M',
      '--child',
      '50M',
    );
    for (const line of [
      '  4.0 GiB of the machine - 1.0 GiB for everything else = 3.0 GiB for apps',
      '  (3.0 GiB - 72 MiB) / 50 MiB = 60 children at most',
      '  200 a second x 150 ms = 30 at the same time',
      '  2 children x 15 connections = 30 connections (LSAPI_CHILDREN, maxConns)',
      '  maxConns                30',
      '  env                     LSAPI_CHILDREN=30',
      '  env                     LSNODE_CONCURRENCY=15',
      '  env                     NODE_OPTIONS=--max-old-space-size=736',
    ]) {
      assert.ok(text.split('\n').includes(line), `${line}\nis not in\n${text}`);
    }
  });

  it('says when requests will have to wait, and that nothing was measured', async () => {
    const text = await tune(...MACHINE, '--sites', '10', '--blocking');
    assert.match(text, /assumed: name the app, and it is measured/);
    assert.match(text, /memory allows 5 of them/);
    assert.match(text, /15 requests of 20 will wait for a place/);
  });

  it('measures an app: its parent, and what a child has for itself after some requests', async () => {
    const { input, provenance } = await tuned(...MACHINE, join(root, 'examples/hello-http'));
    assert.deepEqual([provenance.memory, provenance.requests, provenance.growth], ['measured', 20, 1.5]);
    assert.ok(input.parentMemory > 20 * MIB && input.parentMemory < 400 * MIB, String(input.parentMemory));
    assert.ok(input.childMemory > MIB / 4 && input.childMemory < 200 * MIB, String(input.childMemory));
  });

  it('tells why an app cannot be measured', async () => {
    await assert.rejects(
      tune('/nowhere/app.js'),
      ({ code, stderr }: { code: number; stderr: string }) =>
        code === 1 && /^lsnode tune: .*\/nowhere\/app\.js.*\[LSAPI_ERR_TUNE\]\n$/.test(stderr),
    );
  });

  const rejected: [argv: string[], message: RegExp][] = [
    [['a.js', 'b.js'], /Two apps/],
    [['--concurrent', '5', '--rate', '5'], /--concurrent is what/],
    [['--response-time', '5'], /give --rate/],
    [['--child', '5M'], /go together/],
    [['a.js', '--child', '5M', '--parent', '5M'], /leave it out/],
    [['--memory', '4X'], /--memory "4X" is no amount/],
    [['--memory', '0'], /no amount/],
    [['--sites', '0'], /from 1 to 10000/],
    [['--cores', '1.5'], /whole number/],
    [['--site', '5'], /Did you mean --sites\?/],
  ];
  for (const [argv, message] of rejected) {
    it(`refuses ${argv.join(' ')}`, () => {
      assert.throws(
        () => parseTuneCommandLine(argv),
        (error) => isLsapiError(error, 'LSAPI_ERR_OPTION') && message.test(error.message),
      );
    });
  }

  it('has a help of 80 columns that names every option', () => {
    const text = tuneHelpText();
    assert.ok(text.split('\n').every((line) => line.length <= 80));
    for (const option of ['concurrent', 'rate', 'response-time', 'sites', 'reserve', 'child', 'json']) {
      assert.ok(text.includes(`--${option}`));
    }
  });
});
