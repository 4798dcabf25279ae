// `npm run bench [-- NAME...]`: this package and its peers side by side, scenario by scenario, and the project's targets.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { allPeers } from './peers/catalogue.js';
import type { Peer } from './peers/peer.js';
import type { Places } from './peers/places.js';
import { allScenarios } from './scenarios/catalogue.js';
import { runLoad } from './scenarios/run-load.js';
import type { Context, LoadScenario, Measured, OwnResult, Scenario } from './scenarios/scenario.js';
import { drawChart } from './support/chart.js';
import { temporaryDirectory } from './support/group.js';
import { describeMachine, machineLine } from './support/machine.js';
import { loadTable, ownTable, targetTable } from './support/print.js';
import { judge } from './targets.js';

const [root = '', tools = '', ...rest] = process.argv.slice(2);
const { values: options, positionals } = parseArgs({
  args: rest,
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '5' },
    sites: { type: 'string', default: '1000' },
    peer: { type: 'string', multiple: true, default: [] },
    json: { type: 'string' },
    svg: { type: 'string' },
    list: { type: 'boolean', default: false },
  },
});

const places: Places = { root, tools };
const directory = temporaryDirectory();
const scenarios = await allScenarios(places, directory);

/** The named ones, in the order of the list; `targets` are those that the targets need; no name: all. */
function chosen(): readonly Scenario[] {
  const known = new Set(['targets', ...scenarios.map(({ name }) => name)]);
  const unknown = positionals.filter((name) => !known.has(name));
  if (unknown.length > 0) {
    throw new Error(`there is no scenario named ${unknown.join(', ')}; there are: ${[...known].join(', ')}`);
  }
  const wanted = new Set(positionals.flatMap((name) => (name === 'targets' ? TARGET_SCENARIOS : [name])));
  return positionals.length === 0 ? scenarios : scenarios.filter(({ name }) => wanted.has(name));
}

const TARGET_SCENARIOS = ['hello', 'express', 'upload', 'download', 'counts'];

/** Whatever could not be measured, and why. */
const skipped: Record<string, string> = {};

function skip(name: string, why: string): void {
  if (skipped[name] !== undefined) return;
  skipped[name] = why;
  console.log(`skipped: ${name}: ${why}\n`);
}

/** A peer is prepared when a scenario needs it. */
const prepared = new Map<Peer, string | undefined>();

function availablePeers(wanted: readonly Peer[]): Peer[] {
  return wanted.filter((peer) => {
    if (!prepared.has(peer)) prepared.set(peer, peer.prepare());
    const why = prepared.get(peer);
    if (why !== undefined) skip(peer.name, why);
    return why === undefined;
  });
}

function peersOf(scenario: LoadScenario): Peer[] {
  const names = new Set(scenario.peers);
  return peers.filter(
    (peer) => names.has(peer.name) || (scenario.takesCustomPeers === true && custom.has(peer.name)),
  );
}

if (options.list) {
  for (const { name, title } of scenarios) console.log(`${name.padEnd(16)}${title}`);
  process.exit(0);
}
const peers = allPeers(places, options.peer);
const custom = new Set(options.peer.map((text) => text.slice(0, text.indexOf('='))));
const machine = describeMachine();
const seconds = Number(options.seconds);
const rounds = Number(options.rounds);
console.log(
  `${machineLine(machine)}\n${rounds} rounds of ${seconds} s, peers in turn; medians, ± half the range\n`,
);

const measured: Measured[] = [];
const own: Record<string, readonly OwnResult[]> = {};
const run = chosen();
for (const scenario of run) {
  console.log(`== ${scenario.name}: ${scenario.title}\n`);
  if (scenario.kind === 'own') {
    const context: Context = {
      places,
      directory,
      peers,
      machine,
      seconds,
      rounds,
      sites: Number(options.sites),
    };
    own[scenario.name] = await scenario.run(context, availablePeers, skip);
    console.log(`${ownTable(own[scenario.name]!)}\n`);
    continue;
  }
  const context = {
    places,
    directory,
    machine,
    seconds,
    rounds,
    sites: 0,
    peers: availablePeers(peersOf(scenario)),
  };
  const results = await runLoad(context, scenario, (peer, problem) =>
    skip(`${peer} in ${scenario.name}`, problem),
  );
  measured.push(...results);
  console.log(`${loadTable(scenario, results)}\n`);
}

const verdicts = judge(measured, own);
console.log(`== targets (ratios: medians over the rounds)\n\n${targetTable(verdicts)}\n`);
if (options.json !== undefined) {
  const content = { machine, seconds, rounds, skipped, measured, own, targets: verdicts };
  writeFileSync(options.json, `${JSON.stringify(content, null, 1)}\n`);
}
if (options.svg !== undefined) writeFileSync(options.svg, drawChart(machine, run, measured));
// A target that is missed is news, no failure of the benchmark; an answer that was wrong is one.
if (Object.keys(skipped).some((name) => name.includes(' in '))) process.exitCode = 1;
