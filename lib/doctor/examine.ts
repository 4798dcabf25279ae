import { existsSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isLsapiError } from '../errors.js';
import { readServerTree, SERVER_CONFIG, type ServerTree } from '../install/server-tree.js';
import { checkApp, checkLoading } from './check-app.js';
import { checkClientAddress } from './check-client-address.js';
import { checkCommands } from './check-commands.js';
import { checkConnections } from './check-connections.js';
import { checkFork } from './check-fork.js';
import { checkLimits } from './check-limits.js';
import { checkLogs } from './check-logs.js';
import { checkNode } from './check-node.js';
import { checkProc } from './check-proc.js';
import { checkRoutes } from './check-routes.js';
import { checkSettings } from './check-settings.js';
import { checkSockets } from './check-sockets.js';
import { checkUsers } from './check-users.js';
import { ownDeployment, serverDeployment, type Deployment, type ParseArguments } from './deployment.js';
import type { Check, Examination } from './examination.js';
import { externalApps, placeOf } from './external-apps.js';
import { finding, type Finding } from './finding.js';

/** What is to be examined. */
export interface ExamineOptions {
  /** The app, as written; `undefined`: all that the server runs with `lsnode`. */
  readonly app: string | undefined;
  /** Where `lsnode --bind` is said to listen. */
  readonly bind: string | undefined;
  readonly serverRoot: string;
  /** Whether the server's root was named: then it has to be there. */
  readonly needsServer: boolean;
  /** Whether nothing is started. */
  readonly isStatic: boolean;
  readonly environ: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly proc: string;
  readonly main: string;
  readonly parseArguments: ParseArguments;
}

/** What was examined and what was found. */
export interface Diagnosis {
  readonly node: string;
  /** `FILE:LINE` of external apps, or `the environment`. */
  readonly places: readonly string[];
  readonly findings: readonly Finding[];
}

const CHECKS: readonly Check[] = [
  checkNode,
  checkProc,
  checkCommands,
  checkUsers,
  checkApp,
  checkSettings,
  checkConnections,
  checkLimits,
  checkSockets,
  checkLogs,
  checkRoutes,
  checkClientAddress,
];

/** Those that start processes. */
const TRIALS: readonly Check[] = [checkFork, checkLoading];

/** Looks for everything that keeps apps from being served, and for what will. */
export async function examine(options: ExamineOptions): Promise<Diagnosis> {
  const { tree, problems } = readServer(options);
  const externals = tree === undefined ? [] : externalApps(tree);
  const served = externals
    .filter((external) => isLsnode(external) || isStartedByHand(external, options))
    .map((external) => serverDeployment(external, tree as ServerTree, options.parseArguments));
  const wanted = served.filter((deployment) => isWanted(deployment, options));
  const deployments =
    wanted.length > 0 ? wanted : [ownDeployment(options.app, options.bind, options.environ, options.cwd)];
  const examination: Examination = { tree, externals, deployments, main: options.main, proc: options.proc };
  const findings: Finding[] = [...problems];
  for (const check of CHECKS) findings.push(...(await check(examination)));
  const isBroken = findings.some(
    ({ code, subject }) => code === 'LSAPI_DOCTOR_ADDON' || subject === options.proc,
  );
  if (!options.isStatic && !isBroken) {
    for (const check of TRIALS) {
      findings.push(...(await check({ ...examination, deployments: hopeful(deployments, findings) })));
    }
  }
  return {
    node: `Node ${process.versions.node} (${process.execPath})`,
    places: deployments.map(({ place }) => place),
    findings,
  };
}

/** What cannot start for a reason that is known is not tried. */
function hopeful(deployments: readonly Deployment[], findings: readonly Finding[]): Deployment[] {
  const reasons: readonly string[] = ['LSAPI_DOCTOR_NODE_FLAGS', 'LSAPI_DOCTOR_FORK'];
  return deployments.filter(
    ({ place }) =>
      !findings.some(
        ({ code, severity, subject }) => severity === 'error' && reasons.includes(code) && subject === place,
      ),
  );
}

function readServer({ serverRoot, needsServer }: ExamineOptions): {
  tree: ServerTree | undefined;
  problems: Finding[];
} {
  if (!needsServer && !existsSync(join(serverRoot, SERVER_CONFIG))) return { tree: undefined, problems: [] };
  let tree: ServerTree;
  try {
    tree = readServerTree(serverRoot);
  } catch (error) {
    if (!isLsapiError(error)) throw error;
    return {
      tree: undefined,
      problems: [
        finding('LSAPI_DOCTOR_SERVER', 'error', serverRoot, {
          what: error.message,
          why: 'What the server is told about the app cannot be looked at.',
          remedy: 'Give --server-root the directory of OpenLiteSpeed, and run the doctor as root.',
        }),
      ],
    };
  }
  return { tree, problems: configurationProblems(tree) };
}

/** Braces without a partner, and virtual hosts without their file. */
function configurationProblems(tree: ServerTree): Finding[] {
  const files = new Map(
    [
      tree.file,
      ...tree.virtualHosts.map(({ file }) => file),
      ...tree.entries.map(({ file }) => file),
    ].flatMap((file) => (file === undefined ? [] : [[file.path, file] as const])),
  );
  const braces = [...files.values()].flatMap(({ path, config }) =>
    config.problems.map(({ line, what }) =>
      finding('LSAPI_DOCTOR_SERVER', 'error', `${path}:${line}`, {
        what: `${path} is not well-formed: ${what}.`,
        why: 'The server takes what follows for a part of the wrong block.',
        remedy: `Put the braces right; a block begins with a line that ends in "{" and ends with one that begins with "}".`,
      }),
    ),
  );
  const hosts = tree.virtualHosts
    .filter(({ file, isTemplate }) => file === undefined && !isTemplate)
    .map(({ name, path }) => {
      const placed = tree.entries.find(
        ({ entry }) => entry.keyword === 'virtualhost' && entry.value === name,
      );
      return finding('LSAPI_DOCTOR_SERVER', 'error', placed === undefined ? path : placeOf(placed), {
        what: `The configuration of the virtual host ${name}, ${path}, cannot be read.`,
        why: 'The server does not serve that virtual host.',
        remedy: `Correct configFile of virtualHost ${name}, or run the doctor as a user who may read it.`,
      });
    });
  return [...braces, ...hosts];
}

function isLsnode({ command }: ReturnType<typeof externalApps>[number]): boolean {
  return command?.lsnode !== undefined;
}

/** An external app that the server does not start: it is ours if somebody said so with --bind. */
function isStartedByHand(
  { autoStart, address, name }: ReturnType<typeof externalApps>[number],
  { bind }: ExamineOptions,
): boolean {
  return (
    !autoStart && address !== undefined && bind !== undefined && (bind === name || sameAddress(address, bind))
  );
}

function sameAddress(one: string, other: string): boolean {
  const plain = (text: string): string => text.replace(/^(?:uds|unix):\/*/i, '/').replace(/^tcp:\/\//i, '');
  return plain(one) === plain(other);
}

function isWanted({ app, external }: Deployment, options: ExamineOptions): boolean {
  if (options.app === undefined) {
    return options.bind === undefined || (external !== undefined && isStartedByHand(external, options));
  }
  if (app === undefined) return external !== undefined && isStartedByHand(external, options);
  // An app that is not there cannot be compared, but is not the one that is meant either, unless it is named so.
  if (isLsapiError(app)) return external?.environment.LSNODE_ROOT === resolve(options.cwd, options.app);
  const real = realPath(resolve(options.cwd, options.app));
  return real === realPath(app.path) || real === realPath(app.root);
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
