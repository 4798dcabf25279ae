import { dirname, resolve } from 'node:path';
import { statSync } from 'node:fs';
import { resolveApp, type ResolvedApp } from '../app/resolve.js';
import { parseAddress, type Address } from '../config/address.js';
import type { SettingsReading } from '../config/setting-types.js';
import { readSettings } from '../config/settings.js';
import { isLsapiError, type LsapiError } from '../errors.js';
import { numberOf, valueOf } from '../install/plain-config.js';
import { fromLatin1, type ServerTree } from '../install/server-tree.js';
import { identityOf, ownIdentity, type Identity } from './access.js';
import type { LsnodeCommand } from './command-line.js';
import type { ExternalApp } from './external-apps.js';

/** What matters of the arguments of `lsnode`; the command line itself is the business of lib/cli. */
export interface Arguments {
  /** File or directory as written. */
  readonly app: string | undefined;
  readonly scripts: boolean;
}

/** @throws LsapiError `LSAPI_ERR_OPTION` and the like for arguments that `lsnode` does not understand */
export type ParseArguments = (argv: readonly string[]) => Arguments;

/** One way in which `lsnode` is started: by an external app of the server, or from this environment. */
export interface Deployment {
  /** `FILE:LINE`, or `the environment`. */
  readonly place: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly reading: SettingsReading;
  /** Whether children are forked. */
  readonly isGroup: boolean;
  /** `undefined`: the environment of this process. */
  readonly external: ExternalApp | undefined;
  readonly command: LsnodeCommand | undefined;
  /** What `lsnode` is asked to do; an error where it does not understand its arguments. */
  readonly commandLine: Arguments | LsapiError;
  /** Whether scripts are served, so that there is no app to look at. */
  readonly isScripts: boolean;
  /** The app, or why there is none. */
  readonly app: ResolvedApp | LsapiError | undefined;
  /** Whom it runs as; `undefined`: a user that does not exist, or that is chosen per virtual host. */
  readonly user: Identity | undefined;
  /** Where it is served; an error for an address that is none. */
  readonly address: Address | LsapiError | undefined;
}

/** The deployment that an external app makes which runs `lsnode`. */
export function serverDeployment(
  external: ExternalApp,
  tree: ServerTree,
  parseArguments: ParseArguments,
): Deployment {
  const { environment, command, host } = external;
  const lsnode = command?.lsnode;
  const user = userOf(external, tree);
  const socket =
    'LSAPI_CHILDREN' in environment || 'PHP_LSAPI_CHILDREN' in environment ? 'listening' : 'connected';
  const reading = readSettings(environment, {
    socket: external.autoStart ? socket : 'bound',
    root: user?.uid === 0,
  });
  const commandLine = attempt(() => parseArguments(lsnode?.arguments ?? []));
  const isScripts = !isLsapiError(commandLine) && commandLine.scripts;
  const directory = environment.LS_CWD ?? dirname(command?.file ?? tree.root);
  // Without a command it is started by somebody else, from nobody knows where.
  const isKnown = lsnode !== undefined && !isScripts && !isLsapiError(commandLine);
  return {
    place: external.place,
    environment,
    reading,
    isGroup: reading.settings.children > 1,
    external,
    command: lsnode,
    commandLine,
    isScripts,
    app: isKnown ? findApp(commandLine.app, reading, directory) : undefined,
    user: host?.isTemplate === true && valueOf(external.entry, 'extuser') === undefined ? undefined : user,
    address: external.address === undefined ? undefined : attempt(() => parseAddress(external.address ?? '')),
  };
}

/** What a person would start here. */
export function ownDeployment(
  app: string | undefined,
  bind: string | undefined,
  environ: NodeJS.ProcessEnv,
  cwd: string,
): Deployment {
  const environment = Object.fromEntries(
    Object.entries(environ).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  const user = ownIdentity();
  const reading = readSettings(environ, {
    socket: bind === undefined ? 'listening' : 'bound',
    root: user.uid === 0,
  });
  return {
    place: 'the environment',
    environment,
    reading,
    isGroup: reading.settings.children > 1,
    external: undefined,
    command: undefined,
    commandLine: { app, scripts: false },
    isScripts: false,
    app:
      app === undefined && reading.settings.root === undefined && reading.settings.startupFile === undefined
        ? undefined
        : findApp(app === undefined ? undefined : resolve(cwd, app), reading, cwd),
    user,
    address: bind === undefined ? undefined : attempt(() => parseAddress(bind, { cwd })),
  };
}

/** How many children there may be at once, those in place of hanging ones included. */
export function mostChildren({ reading: { settings }, isGroup }: Deployment): number {
  return isGroup ? Math.ceil(settings.children / settings.concurrency) + settings.extraChildren : 1;
}

function findApp(
  file: string | undefined,
  { settings: { root, startupFile } }: SettingsReading,
  cwd: string,
): ResolvedApp | LsapiError {
  return attempt(() => resolveApp({ file, root, startupFile, cwd }));
}

/** extUser, else with suEXEC by document root its owner, else the server's user (protocol §4.2). */
function userOf({ entry, host }: ExternalApp, tree: ServerTree): Identity | undefined {
  const extUser = valueOf(entry, 'extuser');
  if (extUser !== undefined) {
    const group = valueOf(entry, 'extgroup');
    return identityOf(fromLatin1(extUser), group === undefined ? undefined : fromLatin1(group));
  }
  const owner = host === undefined ? undefined : documentRootOwner(tree, host);
  if (owner !== undefined) return identityOf(owner);
  return serverIdentity(tree);
}

/** The user that the server works as. */
export function serverIdentity(tree: ServerTree): Identity | undefined {
  const value = (keyword: string): string | undefined =>
    tree.entries.find(({ entry }) => entry.keyword === keyword)?.entry.value;
  return identityOf(value('user') ?? 'nobody', value('group'));
}

/** The owner of the document root, where the virtual host runs external apps as that one. */
function documentRootOwner(tree: ServerTree, { name, documentRoot }: NonNullable<ExternalApp['host']>) {
  const definition = tree.entries.find(
    ({ entry }) => entry.keyword === 'virtualhost' && fromLatin1(entry.value) === name,
  );
  if (definition === undefined || documentRoot === undefined) return undefined;
  if (numberOf(definition.entry, 'setuidmode') !== 2) return undefined;
  const stats = statSync(documentRoot, { throwIfNoEntry: false });
  return stats === undefined ? undefined : String(stats.uid);
}

function attempt<T>(make: () => T): T | LsapiError {
  try {
    return make();
  } catch (error) {
    if (isLsapiError(error)) return error;
    throw error;
  }
}
