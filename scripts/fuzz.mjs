// `npm run fuzz [-- --seconds N] [--target NAME] [--coverage]`: libFuzzer under ASan and UBSan.
// Targets: request_parser, response_writer, credentials, connection, group_state, hostile_child; all of them, one after the other,
// unless one is named. The parser starts from the requests that were recorded from a real server, states of groups from
// one that is valid; what a run finds is kept in build-native/corpus, and is where the next one starts.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build, configure, fuzzCompiler, requireTools } from '../native/test/build.mjs';
import { ensureInstalled, ensureTypeScript, root } from './setup.mjs';

const TARGETS = [
  'request_parser',
  'response_writer',
  'credentials',
  'connection',
  'group_state',
  'hostile_child',
];
const MAX_LENGTH = {
  request_parser: 1 << 18,
  response_writer: 1 << 14,
  credentials: 1 << 10,
  connection: 1 << 12,
  group_state: 1 << 10,
  hostile_child: 1 << 12,
};
/** With the descriptors that group_state_fuzz.cc keeps open. */
const GROUP_STATE = '1;901,900,2;c0,123,902,903,4,1,5000,6;c2,124,904,905,0,2,6000,0;w906;w907';

function options() {
  try {
    const { values } = parseArgs({
      options: {
        seconds: { type: 'string', default: '60' },
        target: { type: 'string', default: 'all' },
        coverage: { type: 'boolean', default: false },
      },
    });
    const seconds = Number(values.seconds);
    if (!Number.isInteger(seconds) || seconds < 1)
      throw new Error(`--seconds ${values.seconds} is no number of seconds`);
    const targets = values.target === 'all' ? TARGETS : [values.target];
    if (!TARGETS.includes(targets[0])) throw new Error(`--target: one of ${TARGETS.join(', ')}, all`);
    return { seconds, targets, coverage: values.coverage };
  } catch (error) {
    console.error(`lsapi: npm run fuzz: ${error.message}`);
    process.exit(1);
  }
}

function directory(...parts) {
  const path = join(root, 'build-native', ...parts);
  mkdirSync(path, { recursive: true });
  return path;
}

/** Every recorded BEGIN_REQUEST as a file of its own. */
async function seedRequests(corpus) {
  ensureInstalled();
  ensureTypeScript();
  const { requestVectors } = await import(pathToFileURL(join(root, 'dist-dev/test/support/vectors.js')).href);
  for (const { packet } of requestVectors().flatMap((vector) => vector.requests)) {
    const name = createHash('sha1').update(packet).digest('hex');
    writeFileSync(join(corpus, name), packet);
  }
}

function compile(name, extra = {}) {
  const path = directory(name);
  configure(path, {
    CMAKE_CXX_COMPILER: fuzzCompiler(),
    LSAPI_SANITIZE: 'address,undefined',
    LSAPI_FUZZ: 'ON',
    ...extra,
  });
  return path;
}

/** Runs one target; resolves to its exit status and its output. */
function fuzz(program, corpus, target, seconds) {
  const artifacts = directory('artifacts', target);
  const args = [
    `-max_total_time=${seconds}`,
    `-max_len=${MAX_LENGTH[target]}`,
    `-artifact_prefix=${artifacts}/`,
    '-timeout=30',
    '-rss_limit_mb=3000',
    '-print_final_stats=1',
    corpus,
  ];
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] });
    let tail = '';
    let first = '';
    child.stderr.setEncoding('utf8').on('data', (text) => {
      if (first.length < 10_000) first += text;
      tail = (tail + text).slice(-200_000);
    });
    child.on('error', (error) => resolve({ status: 1, first, tail: error.message }));
    child.on('close', (status) => resolve({ status: status ?? 1, first, tail }));
  });
}

/** Lines of native/ that the corpus reaches, by llvm-cov. */
function lineCoverage(target, corpus) {
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
  const rows = report.stdout.split('\n').map((line) => line.trim().split(/\s+/));
  for (const row of rows.filter(([name]) => /\.(cc|h)$|^TOTAL$/.test(name ?? ''))) {
    console.log(
      `  ${row[0].padEnd(34)} lines ${row[7].padStart(5)}, missed ${row[8].padStart(4)}: ${row[9]}`,
    );
  }
}

const { seconds, targets, coverage } = options();
requireTools('npm run fuzz', ['cmake', 'make', 'libfuzzer', 'doctest']);
const path = compile('fuzz');
build(
  path,
  targets.map((target) => `fuzz_${target}`),
);

let failed = false;
for (const target of targets) {
  const corpus = directory('corpus', target);
  if (target === 'request_parser') await seedRequests(corpus);
  if (target === 'group_state') writeFileSync(join(corpus, 'seed'), GROUP_STATE);
  const seeds = readdirSync(corpus).length;
  console.log(`fuzz ${target}: ${seconds} s, ${seeds} inputs to begin with`);
  const { status, first, tail } = await fuzz(
    join(path, 'native/fuzz', `fuzz_${target}`),
    corpus,
    target,
    seconds,
  );
  const executed = /stat::number_of_executed_units:\s*(\d+)/.exec(tail)?.[1];
  const edges = [...tail.matchAll(/ cov: (\d+)/g)].at(-1)?.[1];
  const counters = /Loaded \d+ modules\s+\((\d+) inline 8-bit counters\)/.exec(first)?.[1];
  if (status !== 0) {
    failed = true;
    console.error(tail.slice(-8000));
    console.error(`fuzz ${target}: FAILED; the input is in build-native/artifacts/${target}`);
  }
  console.log(
    `fuzz ${target}: ${executed ?? 'unknown'} executions, ${edges ?? '?'} of ${counters ?? '?'} edges, ` +
      `${readdirSync(corpus).length} inputs kept`,
  );
  if (coverage) lineCoverage(target, corpus);
}
process.exit(failed ? 1 : 0);
