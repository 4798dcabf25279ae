// Lines of native/ that a corpus reaches, by llvm-cov.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { build } from '../../native/test/build.mjs';
import { root } from '../setup.mjs';
import { compile } from './runs.mjs';

/** @returns rows of file (or `TOTAL`), lines, lines missed, and how many per cent are reached */
export function lineCoverage(target, corpus) {
  const path = compile('fuzz-coverage', { LSAPI_SANITIZE: '', LSAPI_COVERAGE: 'ON' });
  build(path, [`fuzz_${target}`]);
  const program = join(path, 'native/fuzz', `fuzz_${target}`);
  const raw = join(path, `${target}.profraw`);
  const data = join(path, `${target}.profdata`);
  const tool = (name) => (spawnSync(name, ['--version']).status === 0 ? name : `${name}-14`);
  spawnSync(program, ['-runs=0', corpus], {
    env: { ...process.env, LLVM_PROFILE_FILE: raw },
    stdio: 'ignore',
  });
  spawnSync(tool('llvm-profdata'), ['merge', '-o', data, raw], { stdio: 'inherit' });
  const report = spawnSync(
    tool('llvm-cov'),
    [
      'report',
      program,
      `-instr-profile=${data}`,
      ...['protocol', 'io', 'process'].map((name) => join(root, 'native', name)),
    ],
    { encoding: 'utf8' },
  );
  // File name and the three columns about lines.
  return report.stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([name]) => /\.(cc|h)$|^TOTAL$/.test(name ?? ''))
    .map((row) => ({ file: row[0], lines: Number(row[7]), missed: Number(row[8]), covered: row[9] }));
}
