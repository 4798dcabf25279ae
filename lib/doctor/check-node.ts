import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { isLsapiError } from '../errors.js';
import type { Deployment } from './deployment.js';
import type { Examination } from './examination.js';
import { finding, type Finding } from './finding.js';

/** The oldest Node that the package supports; `engines` of package.json. */
const OLDEST = { major: 20, minor: 19 } as const;

interface BadFlag {
  readonly pattern: RegExp;
  readonly severity: Finding['severity'];
  readonly why: string;
}

/** Flags of Node with which `lsnode` does not do what it should; each was tried. */
const BAD_FLAGS: readonly BadFlag[] = [
  {
    pattern: /^--inspect-(brk|wait)(=|$)|^--debug-brk/,
    severity: 'error',
    why: 'Node waits for a debugger before it runs anything, so no request is ever answered.',
  },
  {
    pattern: /^--inspect(=|$)|^--debug(=|$)/,
    severity: 'error',
    why: "Whoever reaches the debugger's port runs code as this user; forked children have no thread that would serve it.",
  },
  {
    pattern: /^--no-addons$/,
    severity: 'error',
    why: 'The native part of lsapi is an addon; without it lsnode does not start.',
  },
  {
    pattern: /^--(experimental-)?permission$/,
    severity: 'error',
    why: 'With permissions Node refuses addons, files and child processes; lsnode does not start.',
  },
  {
    pattern: /^--frozen-intrinsics$/,
    severity: 'error',
    why: 'A forked child has to repair what the parent shares with it, which frozen objects do not allow.',
  },
  {
    pattern: /^--(heapsnapshot-signal|report-signal)=SIG(TERM|USR1|HUP|INT|QUIT|CHLD)$/,
    severity: 'warning',
    why: 'That signal is what the server, or the parent of a group, stops or reloads processes with.',
  },
  {
    pattern: /^--jitless$/,
    severity: 'warning',
    why: 'JavaScript is interpreted, several times slower, and there is no WebAssembly, which fetch() needs.',
  },
];

/** The version of Node, its flags, and whether it takes the addon. */
export async function checkNode({ deployments }: Examination): Promise<readonly Finding[]> {
  const own = tooOld(process.versions.node) ? [oldNode(process.execPath, process.versions.node)] : [];
  const findings = [
    ...own,
    ...deployments.flatMap((deployment) => [...versionOf(deployment), ...flagsOf(deployment)]),
  ];
  return [...findings, ...(await addon())];
}

function versionOf({ place, command }: Deployment): Finding[] {
  const node = command?.node;
  if (node === undefined || node === process.execPath || !isTrusted(node)) return [];
  let version: string;
  try {
    version = execFileSync(node, ['--version'], { encoding: 'utf8', timeout: 10_000 })
      .trim()
      .replace(/^v/, '');
  } catch {
    // Whether it can be run is another check's business.
    return [];
  }
  return /^\d+\.\d+/.test(version) && tooOld(version) ? [oldNode(node, version, place)] : [];
}

/** Nothing is run for the doctor that somebody else could have put there. */
function isTrusted(file: string): boolean {
  const stats = statSync(file, { throwIfNoEntry: false });
  return stats !== undefined && [0, process.geteuid?.()].includes(stats.uid) && (stats.mode & 0o022) === 0;
}

function tooOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < OLDEST.major || (major === OLDEST.major && minor < OLDEST.minor);
}

function oldNode(file: string, version: string, place = 'this command'): Finding {
  return finding('LSAPI_DOCTOR_NODE_VERSION', 'error', place, {
    what: `${file} is Node ${version}.`,
    why: `lsnode needs Node ${OLDEST.major}.${OLDEST.minor} or later; older ones lack what it is built on.`,
    remedy: `Install a newer Node and put it into the command (path), or run lsnode install again with it.`,
  });
}

function flagsOf({ place, environment, command }: Deployment): Finding[] {
  const options = (environment.NODE_OPTIONS ?? '')
    .split(/\s+/)
    .map((flag) => ({ flag, from: 'NODE_OPTIONS' }));
  const flags = (command?.nodeFlags ?? []).map((flag) => ({ flag, from: 'the command (path)' }));
  return [...options, ...flags].flatMap(({ flag, from }) => {
    const name = flag.replaceAll('_', '-');
    const bad = BAD_FLAGS.find(({ pattern }) => pattern.test(name));
    return bad === undefined
      ? []
      : [
          finding('LSAPI_DOCTOR_NODE_FLAGS', bad.severity, place, {
            what: `Node is started with ${flag}.`,
            why: bad.why,
            remedy: `Take ${flag} out of ${from}.`,
          }),
        ];
  });
}

async function addon(): Promise<Finding[]> {
  try {
    await import('../native/binding.js');
    return [];
  } catch (error) {
    if (!isLsapiError(error, 'LSAPI_ERR_NATIVE')) throw error;
    return [
      finding('LSAPI_DOCTOR_ADDON', 'error', process.execPath, {
        what: error.message,
        why: 'Without its native part lsnode serves nothing.',
        remedy:
          'Reinstall the package with this Node (npm ci, or npm rebuild lsapi); check NODE_OPTIONS for --no-addons.',
      }),
    ];
  }
}
