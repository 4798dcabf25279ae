import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatBytes, GIB } from '../config/value-kinds.js';
import { numberOf } from '../install/plain-config.js';
import { serverWorkers } from '../install/server-tree.js';
import { mostChildren, type Deployment } from './deployment.js';
import type { Examination } from './examination.js';
import { finding, type Finding } from './finding.js';

/** Below this Node aborts while it starts (tried: 0.6 GB fails, 1 GB does). */
const SMALLEST_ADDRESS_SPACE = GIB;
/** What a parent has open besides connections and channels: runtime, app, logs. */
const FURTHER_FILES = 64;
/** Threads of a child that does something: its own, four of libuv's pool. The limit counts threads. */
const THREADS = 5;

/** Limits of this process, as the kernel shows them: numbers, `Infinity` for unlimited. */
interface Limit {
  readonly soft: number;
  readonly hard: number;
}

/** Limits of the kernel and of the external app, against what the processes need. */
export function checkLimits({ deployments, tree, proc }: Examination): readonly Finding[] {
  const limits = readLimits(proc);
  const workers = serverWorkers(tree);
  return deployments.flatMap((deployment) => {
    // What the server gives a process is in its configuration; what it inherits is not.
    if (deployment.external !== undefined)
      return [...externalMemory(deployment), ...externalProcesses(deployment, workers)];
    return [
      ...ownAddressSpace(limits.get('Max address space')),
      ...openFiles(deployment, limits.get('Max open files')),
      ...ownProcesses(deployment, limits.get('Max processes')),
      ...coreFiles(deployment, limits.get('Max core file size')),
    ];
  });
}

function externalMemory({ external, place }: Deployment): Finding[] {
  const limits = ['memSoftLimit', 'memHardLimit']
    .map((keyword) => ({ keyword, bytes: numberOf(external?.entry, keyword) ?? 0 }))
    .filter(({ bytes }) => bytes > 0);
  const least = Math.min(...limits.map(({ bytes }) => bytes));
  if (limits.length === 0) return [];
  const named = limits.map(({ keyword, bytes }) => `${keyword} ${formatBytes(bytes)}`).join(' and ');
  return [
    addressSpace(
      place,
      `The external app "${external?.name}" has ${named}.`,
      least,
      'Set memSoftLimit 0 and memHardLimit 0',
    ),
  ];
}

function ownAddressSpace(limit: Limit | undefined): Finding[] {
  if (limit === undefined || !Number.isFinite(limit.soft)) return [];
  return [
    addressSpace(
      'RLIMIT_AS',
      `The address space of this process is limited to ${formatBytes(limit.soft)} (ulimit -v).`,
      limit.soft,
      'Lift it (ulimit -v unlimited; LimitAS=infinity for systemd)',
    ),
  ];
}

function addressSpace(place: string, what: string, bytes: number, lift: string): Finding {
  const tooSmall = bytes < SMALLEST_ADDRESS_SPACE;
  return finding('LSAPI_DOCTOR_ADDRESS_SPACE', tooSmall ? 'error' : 'warning', place, {
    what,
    why: tooSmall
      ? 'It counts address space, of which V8 reserves far more than it uses: Node does not even start.'
      : 'It counts address space, of which V8 reserves far more than it uses: WebAssembly, and with it fetch(), fails, and a growing heap ends the process.',
    remedy: `${lift}, and limit memory with LSNODE_MAX_MEMORY or a cgroup.`,
  });
}

function openFiles(
  { reading: { settings }, ...deployment }: Deployment,
  limit: Limit | undefined,
): Finding[] {
  if (limit === undefined) return [];
  const children = mostChildren({ reading: { settings }, ...deployment } as Deployment);
  // Connections pass through the parent, which keeps both ends of each child's channel. Node raises soft to hard.
  const needed = Math.max(settings.children, 1) + 2 * children + FURTHER_FILES;
  if (limit.hard >= needed) return [];
  return [
    finding('LSAPI_DOCTOR_OPEN_FILES', 'error', 'RLIMIT_NOFILE', {
      what: `This process may have ${limit.hard} open files, and LSAPI_CHILDREN=${settings.children} with ${children} children needs about ${needed}.`,
      why: 'Beyond the limit connections are not accepted: they wait, and the server answers 503.',
      remedy: `Raise it to ${needed} at least (ulimit -n; LimitNOFILE= for systemd), or lower LSAPI_CHILDREN.`,
    }),
  ];
}

function ownProcesses(deployment: Deployment, limit: Limit | undefined): Finding[] {
  const needed = mostChildren(deployment) * THREADS;
  // Root is not held to it.
  if (limit === undefined || !deployment.isGroup || process.geteuid?.() === 0 || limit.soft >= needed)
    return [];
  return [
    finding('LSAPI_DOCTOR_PROCESSES', 'warning', 'RLIMIT_NPROC', {
      what: `This user may have ${limit.soft} processes and threads, and ${mostChildren(deployment)} children need about ${needed}.`,
      why: 'Beyond the limit children cannot be started; their connections wait.',
      remedy: `Raise it to ${needed} at least (ulimit -u; TasksMax= and LimitNPROC= for systemd), lower LSAPI_CHILDREN, or set LSNODE_CONCURRENCY.`,
    }),
  ];
}

function externalProcesses(deployment: Deployment, workers: number): Finding[] {
  const { external, place } = deployment;
  const limits = ['procSoftLimit', 'procHardLimit']
    .map((keyword) => numberOf(external?.entry, keyword) ?? 0)
    .filter((limit) => limit > 0);
  // The limit is one of the user's, for whom each worker process of the server starts a group.
  const children = mostChildren(deployment) * (external?.isDetached === true ? 1 : workers);
  const needed = children * THREADS;
  // The server raises a limit that is below this by itself (LocalWorkerConfig::config).
  const limit = Math.max(Math.min(...limits), (3 * (external?.maxConns ?? 0) + 50) * workers);
  if (limits.length === 0 || limit >= needed) return [];
  return [
    finding('LSAPI_DOCTOR_PROCESSES', 'warning', place, {
      what: `procSoftLimit and procHardLimit of the external app "${external?.name}" allow ${limit} processes and threads of its user, and ${children} children need about ${needed}.`,
      why: 'Beyond the limit children cannot be started; their connections wait.',
      remedy: `Set procSoftLimit and procHardLimit to ${needed} at least, or set LSNODE_CONCURRENCY, so that fewer children are needed.`,
    }),
  ];
}

function coreFiles({ reading: { settings } }: Deployment, limit: Limit | undefined): Finding[] {
  if (!settings.allowCoreDump || limit === undefined || limit.hard > 0) return [];
  return [
    finding('LSAPI_DOCTOR_CORE', 'warning', 'RLIMIT_CORE', {
      what: 'LSAPI_ALLOW_CORE_DUMP is set, and core files are limited to 0 bytes.',
      why: 'No core file is written when a process crashes.',
      remedy:
        'Raise the limit (ulimit -c unlimited; LimitCORE=infinity for systemd), or leave LSAPI_ALLOW_CORE_DUMP out.',
    }),
  ];
}

/** The limits of this process; empty where proc(5) has none. */
function readLimits(proc: string): Map<string, Limit> {
  const limits = new Map<string, Limit>();
  let text = '';
  try {
    text = readFileSync(join(proc, 'self/limits'), 'utf8');
  } catch {
    return limits;
  }
  for (const [, name = '', soft = '', hard = ''] of text.matchAll(/^(Max [a-z ]+?)\s{2,}(\S+)\s+(\S+)/gm)) {
    const number = (word: string): number => (word === 'unlimited' ? Number.POSITIVE_INFINITY : Number(word));
    limits.set(name, { soft: number(soft), hard: number(hard) });
  }
  return limits;
}
