import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { resolveApp } from '../app/resolve.js';
import { LsapiError, isLsapiError } from '../errors.js';
import { findGroupName, findUser } from '../install/accounts.js';
import { socketPath, type AppInstallation } from '../install/app-blocks.js';
import { applyChanges } from '../install/apply.js';
import { detachedProcess, renewDetached } from '../install/detached.js';
import { formText } from '../install/form-values.js';
import { planInstallation, planRemoval, type FileChange } from '../install/plan.js';
import {
  ENTERPRISE_CONFIG,
  readServerTree,
  SERVER_CONFIG,
  serverWorkers,
  toLatin1,
} from '../install/server-tree.js';
import type { ServerTree, VirtualHost } from '../install/server-tree.js';
import { unifiedDiff } from '../install/unified-diff.js';
import { wrapperPath, wrapperText } from '../install/wrapper.js';
import { packageDirectory } from '../package-directory.js';
import { installHelpText, parseInstallCommandLine, type InstallCommandLine } from './install-options.js';

/** What `lsnode install` says. Texts are latin1, as configuration files are kept. */
export interface InstallOutput {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: 0 | 1;
}

/** Does what the arguments behind `lsnode install` ask for. */
export function runInstall(argv: readonly string[]): void {
  const { stdout, stderr, exitCode } = installCommand(argv, process.cwd());
  // A patch may be read by a program that closes the pipe early.
  process.stdout.on('error', () => undefined);
  process.stdout.write(Buffer.from(stdout, 'latin1'));
  process.stderr.write(Buffer.from(stderr, 'latin1'));
  process.exitCode = exitCode;
}

/** What `lsnode install` does and prints for these arguments. */
export function installCommand(argv: readonly string[], cwd: string): InstallOutput {
  try {
    const commandLine = parseInstallCommandLine(argv);
    const { action } = commandLine;
    if (action === 'help') return { stdout: toLatin1(installHelpText()), stderr: '', exitCode: 0 };
    return action === 'undo' ? undo(commandLine, cwd) : install(commandLine, cwd);
  } catch (error) {
    if (!isLsapiError(error)) throw error;
    return {
      stdout: '',
      stderr: toLatin1(`lsnode install: ${error.message} [${error.code}]\n`),
      exitCode: 1,
    };
  }
}

function install(commandLine: InstallCommandLine, cwd: string): InstallOutput {
  const serverRoot = resolve(cwd, commandLine.serverRoot);
  const main = join(packageDirectory, 'dist/cli/main.js');
  const isEnterprise =
    !existsSync(join(serverRoot, SERVER_CONFIG)) && existsSync(join(serverRoot, ENTERPRISE_CONFIG));
  if (commandLine.action === 'form' || isEnterprise) {
    const tree = existsSync(join(serverRoot, SERVER_CONFIG)) ? readServerTree(serverRoot) : undefined;
    return form(describeApp(commandLine, cwd, tree), serverRoot, main, isEnterprise);
  }
  const tree = readServerTree(serverRoot);
  const app = describeApp(commandLine, cwd, tree);
  const changes = planInstallation(app, {
    tree,
    host: hostOf(tree, commandLine),
    replace: commandLine.replace,
    main,
    node: process.execPath,
  });
  const output = carryOut(changes, commandLine, tree.root, `${app.name} is installed as it should be`);
  // What of it runs already would keep its settings beyond a restart of the server. Not for others: all detached apps have
  // the same command, and lose what they have in memory.
  const isDetached = app.mode === 'worker' || detachedProcess(socketPath(app.name)) !== undefined;
  if (commandLine.write && changes.length > 0 && isDetached) renewDetached(wrapperPath(tree.root));
  return output;
}

function undo(commandLine: InstallCommandLine, cwd: string): InstallOutput {
  const tree = readServerTree(resolve(cwd, commandLine.serverRoot));
  const name = commandLine.name ?? nameOf(commandLine, cwd);
  const running = detachedProcess(socketPath(name));
  const output = carryOut(planRemoval(name, tree), commandLine, tree.root, '');
  if (running === undefined || !commandLine.write) return output;
  return {
    ...output,
    stderr: `${output.stderr}Then end its process, which outlives that: kill ${running}\n`,
  };
}

function form(app: AppInstallation, serverRoot: string, main: string, isEnterprise: boolean): InstallOutput {
  const command = [
    `Command, to be saved as ${wrapperPath(serverRoot)}, mode 755:\n\n`,
    wrapperText(process.execPath, main),
    '\n',
  ].join('');
  const reason = isEnterprise
    ? `${join(serverRoot, ENTERPRISE_CONFIG)} is XML, which WebAdmin edits. What to enter there:\n\n`
    : '';
  return { stdout: toLatin1(`${reason}${formText(app, serverRoot)}\n${command}`), stderr: '', exitCode: 0 };
}

function carryOut(
  changes: readonly FileChange[],
  { write }: InstallCommandLine,
  serverRoot: string,
  nothing: string,
): InstallOutput {
  if (changes.length === 0)
    return { stdout: toLatin1(`${nothing}: nothing to do.\n`), stderr: '', exitCode: 0 };
  const diffs = changes.map(({ path, before, after }) =>
    unifiedDiff(
      before ?? '',
      after ?? '',
      before === undefined ? undefined : toLatin1(path),
      after === undefined ? undefined : toLatin1(path),
    ),
  );
  const backups = write ? applyChanges(changes) : [];
  const notes = write
    ? [
        ...changes.map(({ path, after }) => `${after === undefined ? 'removed' : 'written'}: ${path}`),
        ...backups.map((path) => `as it was: ${path}`),
        `Now restart the server: ${join(serverRoot, 'bin/lswsctrl')} restart`,
      ]
    : ['Nothing was changed. Add --write to do this.'];
  return { stdout: diffs.join(''), stderr: toLatin1(`${notes.join('\n')}\n`), exitCode: 0 };
}

function describeApp(
  commandLine: InstallCommandLine,
  cwd: string,
  tree: ServerTree | undefined,
): AppInstallation {
  const { mode, children, uri, suffixes, user } = commandLine;
  return {
    name: commandLine.name ?? nameOf(commandLine, cwd),
    mode,
    app: mode === 'scripts' ? undefined : appOf(commandLine.app, cwd),
    children,
    serverWorkers: serverWorkers(tree),
    uri,
    suffixes,
    user: user === undefined ? undefined : accountOf(user),
  };
}

/** @throws LsapiError `LSAPI_ERR_APP_NOT_FOUND`, `LSAPI_ERR_INSTALL` for what a configuration cannot express */
function appOf(named: string | undefined, cwd: string): { root: string; file: string } {
  const { path, root } = resolveApp({
    file: named === undefined ? undefined : resolve(cwd, named),
    root: undefined,
    startupFile: undefined,
    cwd,
  });
  const odd = [root, path].find((text) => /[$\n\r\\]|<<</.test(text));
  if (odd !== undefined) {
    throw refused(
      `${JSON.stringify(odd)} cannot be written into the server's configuration. Give the app a directory without "$", "\\" and "<<<".`,
    );
  }
  return { root, file: relative(root, path) };
}

/** The name of the app's directory, as a name of an external app and a socket. */
function nameOf({ app, mode }: InstallCommandLine, cwd: string): string {
  if (mode === 'scripts') return 'scripts';
  const { root } = appFor(app, cwd);
  const name = basename(root)
    .replace(/[^\w.-]+/g, '-')
    .replace(/^[-.]+|-+$/g, '')
    .slice(0, 60);
  return name === '' ? 'app' : name;
}

/** Where the app is; to take it back it need not be there any more. */
function appFor(app: string | undefined, cwd: string): { root: string } {
  const path = resolve(cwd, app ?? '.');
  try {
    return appOf(app, cwd);
  } catch (error) {
    if (!isLsapiError(error, 'LSAPI_ERR_APP_NOT_FOUND')) throw error;
    return { root: /\.[cm]?[jt]s$/.test(path) ? dirname(path) : path };
  }
}

function accountOf(user: string): { name: string; group: string } {
  const account = findUser(user, readFileSync('/etc/passwd', 'utf8'));
  const group =
    account === undefined ? undefined : findGroupName(account.gid, readFileSync('/etc/group', 'utf8'));
  if (account !== undefined && group !== undefined) {
    // LocalWorkerConfig::isUserBlocked and isGidBlackListed
    if (['root', 'lsadm'].includes(user) || ['root', 'lsadm', 'sudo', 'wheel', 'shadow'].includes(group)) {
      throw refused(
        `--user ${user}: the server starts nothing as that user or group (${group}). Give the app a user of its own.`,
      );
    }
    return { name: user, group };
  }
  throw refused(
    `--user ${user}: there is no such user with a group. Make it first, as in: useradd --system ${user}`,
  );
}

function hostOf(tree: ServerTree, { host, mode }: InstallCommandLine): VirtualHost | undefined {
  const hosts = tree.virtualHosts.filter(({ isTemplate }) => !isTemplate);
  const names = hosts.map(({ name }) => name).join(', ');
  if (host !== undefined) {
    const found = hosts.find(({ name }) => name === host);
    if (found !== undefined) return found;
    throw refused(
      `--vhost ${host}: ${tree.file.path} has no such virtual host. ${names === '' ? 'It has none.' : `It has ${names}.`}`,
    );
  }
  // A script handler of the server is one of all virtual hosts.
  if (mode === 'scripts') return undefined;
  const [only, second] = hosts;
  if (only !== undefined && second === undefined) return only;
  throw refused(
    only === undefined
      ? `${tree.file.path} has no virtual host. Make one in WebAdmin, then name it with --vhost.`
      : `The server has several virtual hosts: ${names}. Name one with --vhost.`,
  );
}

function refused(message: string): LsapiError {
  return new LsapiError('LSAPI_ERR_INSTALL', message);
}
