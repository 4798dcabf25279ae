import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Corpus } from './engine/corpus.js';
import { Coverage } from './engine/coverage.js';
import { Fuzzer } from './engine/fuzzer.js';
import { minimise } from './engine/minimise.js';
import type { FuzzTarget } from './engine/target.js';
import { bothWays } from './support/instrumented.js';

/** Asks for one byte after the other, in every way that JavaScript has. */
const MAZE = `
  export function enter(text) {
    if (text[0] === 'm') {
      const second = text[1] === 'a' ? 'right' : 'wrong';
      if (second === 'wrong') return 1;
      else if (text[2] === 'g' && follow(text)) throw new TypeError('found ' + (() => 'it')());
    }
    let sum = 0;
    for (const letter of text) switch (letter) { case 'x': sum += 2; break; default: sum++; }
    try { if (sum > 3) throw new Error('much'); } catch { sum = 3 } finally { sum ??= 0; }
    do sum--; while (sum > 0 || false);
    return sum;
  }
  const follow = (text) => text.slice(3, 5) === 'ic';
`;

describe('The fuzzing engine', () => {
  let directory: string;
  let maze: { plain: { enter(text: string): number }; counted: { enter(text: string): number } };
  let coverage: Coverage;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'lsapi-fuzz-'));
    coverage = new Coverage((module) => module === 'module.js');
    const context = globalThis as { lsapiFuzz?: Coverage };
    context.lsapiFuzz = coverage;
    maze = await bothWays(MAZE);
    delete context.lsapiFuzz;
  });

  after(() => rmSync(directory, { recursive: true }));

  function target(run: FuzzTarget['run'], seeds: string[] = []): FuzzTarget {
    return { maxLength: 32, seeds: () => seeds.map((text) => Buffer.from(text)), run };
  }

  function fuzzer(of: FuzzTarget, corpus: string, options = {}): Fuzzer {
    // The counters are those of the module; what they have seen is this run's.
    const limits = { seed: 7, timeMs: 15_000, executions: 60_000, slowMs: 10_000 };
    return new Fuzzer(of, coverage, new Corpus(join(directory, corpus)), { ...limits, ...options });
  }

  it('runs instrumented code that does what it did', () => {
    for (const text of ['', 'm', 'ma', 'mag', 'mxxx', 'xyz', 'aaaaaa', 'magi'])
      assert.equal(maze.counted.enter(text), maze.plain.enter(text), text);
    assert.throws(() => maze.counted.enter('magic'), { message: 'found it' });
    assert.ok(coverage.edges === 20 && coverage.literals.includes('ic'));
  });

  it('finds its way to an input that breaks an invariant, and shortens it', async () => {
    const lost = target((input) => void maze.counted.enter(input.toString('latin1')));
    const { finding, executions } = await fuzzer(lost, 'maze').run();
    assert.match(finding?.report ?? `nothing in ${executions}`, /^TypeError: found it/);
    const shortest = await minimise(
      finding?.input ?? Buffer.alloc(0),
      async (input) => (await fuzzer(lost, 'maze').check(input))?.signature === finding?.signature,
      10_000,
    );
    assert.equal(shortest.toString(), 'magic');
    assert.ok(readdirSync(join(directory, 'maze')).length > 3, 'a corpus is kept');
  });

  it('does the same again with the same seed', async () => {
    const inputs = [[], []] as string[][];
    for (const list of inputs) {
      const keep = target((input) => void list.push(input.toString('hex')), ['a seed', 'another']);
      await fuzzer(keep, `again-${inputs.indexOf(list)}`, { executions: 200 }).run();
    }
    assert.equal(inputs[0]?.length, 200);
    assert.deepEqual(inputs[0], inputs[1]);
  });

  it('takes an error that nobody catches for a finding', async () => {
    const stray = target(
      async (input) => {
        if (input.length > 2) void Promise.reject(new Error('nobody hears'));
        await new Promise(setImmediate);
      },
      ['long'],
    );
    assert.match((await fuzzer(stray, 'stray').run()).finding?.report ?? '', /nobody hears/);
  });

  it('takes an input for a finding that costs too much processor time', async () => {
    const busy = target(
      (input) => {
        for (const end = process.cpuUsage().user + input.length * 5000; process.cpuUsage().user < end;);
      },
      ['long'],
    );
    const { finding } = await fuzzer(busy, 'busy', { slowMs: 15 }).run();
    assert.match(finding?.report ?? '', /^slow: \d+ ms of processor time for 4 bytes$/);
  });

  it('ends a process that an input hangs, and keeps the input', () => {
    const artifacts = join(directory, 'artifacts');
    const main = fileURLToPath(new URL('./main.js', import.meta.url));
    const places = ['--corpus', join(directory, 'endless'), '--artifacts', artifacts];
    const { signal, stderr } = spawnSync(
      process.execPath,
      [main, '--target', '../support/endless', ...places, '--hang-ms', '300'],
      { encoding: 'utf8' },
    );
    assert.equal(signal, 'SIGKILL', stderr);
    assert.match(stderr, /^finding: hang: an input takes more than 300 ms/);
    assert.deepEqual(
      readdirSync(artifacts).map((name) => readFileSync(join(artifacts, name), 'latin1')),
      ['endless'],
    );
  });
});
