import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Deployment } from './deployment.js';
import type { Examination } from './examination.js';
import { finding, type Finding } from './finding.js';
import { lastMessage, request, withTrial } from './trial.js';

/** An app that tells which process has loaded it, and which answers. */
const APP = `const loadedBy = process.pid;
export default (request, response) =>
  response.end(JSON.stringify({ loadedBy, pid: process.pid, flags: process.execArgv }));
`;

interface Answer {
  readonly loadedBy: number;
  readonly pid: number;
  readonly flags: readonly string[];
}

/** Forks a group with a tiny app, for each set of flags that a deployment has, and has a child of it answer a request. */
export async function checkFork({ deployments, main }: Examination): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const tried = new Set<string>();
  for (const deployment of deployments) {
    const { command, environment, reading } = deployment;
    const flags = command?.nodeFlags ?? [];
    const key = JSON.stringify([flags, environment.NODE_OPTIONS ?? '', reading.settings.fork]);
    // Whoever has switched forking off knows.
    if (reading.settings.fork === 'off' || tried.has(key)) continue;
    tried.add(key);
    findings.push(...(await tryForking(deployment, flags, main)));
  }
  return findings;
}

async function tryForking(
  deployment: Deployment,
  flags: readonly string[],
  main: string,
): Promise<Finding[]> {
  const { environment, place } = deployment;
  const directory = mkdtempSync(join(tmpdir(), 'lsnode-doctor-'));
  try {
    writeFileSync(join(directory, 'app.mjs'), APP);
    const result = await withTrial(
      {
        main,
        nodeFlags: flags,
        arguments: [join(directory, 'app.mjs')],
        directory,
        environment: {
          PATH: process.env.PATH ?? '/usr/bin:/bin',
          ...(environment.NODE_OPTIONS !== undefined && { NODE_OPTIONS: environment.NODE_OPTIONS }),
          LSAPI_CHILDREN: '2',
        },
      },
      request,
    );
    if (result.kind !== 'served') return [failed(place, lastMessage(result.output))];
    const { loadedBy, pid, flags: used } = JSON.parse(result.value.body) as Answer;
    return loadedBy !== pid ? [] : [notForked(place, used)];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function failed(place: string, message: string): Finding {
  return finding('LSAPI_DOCTOR_FORK', 'error', place, {
    what: `A group of two children with a tiny app answers no request: ${message}`,
    why: 'No app can be served as a process group here.',
    remedy:
      'See to what the message names; check NODE_OPTIONS and the limits (ulimit -a, cgroup). Until then: LSAPI_CHILDREN=1, or LSNODE_FORK=off.',
  });
}

function notForked(place: string, flags: readonly string[]): Finding {
  return finding('LSAPI_DOCTOR_FORK', 'warning', place, {
    what: `Children are not forked, but started as programs of their own (flags of Node: ${flags.join(' ')}).`,
    why: 'Each loads the app by itself: slower, and with memory of its own.',
    remedy:
      'Node must be started with --single-threaded --v8-pool-size=0, which lsnode does; see what wraps or replaces the node command.',
  });
}
