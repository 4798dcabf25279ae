import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { restartFile, type ResolvedApp } from '../app/resolve.js';
import { isLsapiError } from '../errors.js';
import { obstacle } from './access.js';
import type { Deployment } from './deployment.js';
import type { Examination } from './examination.js';
import { finding, type Finding } from './finding.js';
import { lastMessage, withTrial } from './trial.js';

/** Variables that would have a trial write where the app does, or end by itself. */
const NOT_FOR_TRIALS =
  /^(PHP_)?LSAPI_CHILDREN$|^PHP_FCGI_CHILDREN$|^LSAPI_PGRP_MAX_IDLE$|^LSAPI_MAX_IDLE$|_LOG$|^LS_/;

const WRONG_MODULE_TYPE =
  /Cannot use import statement outside a module|Unexpected token 'export'|(?:require|module|exports|__dirname|__filename) is not defined in ES module scope|ERR_REQUIRE_ESM/;

/** Whether each app is there, and where its restart file goes. */
export function checkApp({ deployments }: Examination): readonly Finding[] {
  return deployments.flatMap(({ app, place, user }): Finding[] => {
    if (app === undefined) return [];
    if (isLsapiError(app)) {
      return [
        finding('LSAPI_DOCTOR_APP_MISSING', 'error', place, {
          what: app.message,
          why: 'There is nothing to serve: requests are answered 503.',
          remedy: 'Correct LSNODE_ROOT and LSNODE_STARTUP_FILE, or the app in the command (path).',
        }),
      ];
    }
    const barrier = user === undefined ? undefined : obstacle(app.path, user, 'read');
    return barrier === undefined ? restart(app, user) : [unreadable(app, user, barrier, place)];
  });
}

function unreadable(
  { path }: ResolvedApp,
  user: Deployment['user'],
  barrier: string,
  place: string,
): Finding {
  return finding('LSAPI_DOCTOR_APP_ACCESS', 'error', place, {
    what: `The user ${user?.name}, whom the app runs as, may not read ${path}: ${barrier} does not let it.`,
    why: 'The app does not load: requests are answered 503.',
    remedy: `Permit ${barrier} for ${user?.name}, or run the app as its owner: extUser and extGroup of the external app.`,
  });
}

function restart(app: ResolvedApp, user: Deployment['user']): Finding[] {
  const directory = dirname(restartFile(app));
  const stats = statSync(directory, { throwIfNoEntry: false });
  // It is made when it is needed.
  if (stats === undefined) return [];
  const barrier = user === undefined ? undefined : obstacle(restartFile(app), user, 'read');
  if (stats.isDirectory() && barrier === undefined) return [];
  return [
    finding('LSAPI_DOCTOR_RESTART', 'warning', directory, {
      what: stats.isDirectory()
        ? `The user ${user?.name} may not look into ${barrier}, where restart.txt is touched to restart the app.`
        : `${directory} is no directory, so that restart.txt cannot be put there.`,
      why: 'Touching tmp/restart.txt after a deployment does nothing: the old code goes on.',
      remedy: stats.isDirectory()
        ? `Let the app's user into the directory: chmod o+x ${barrier}`
        : `Make it a directory: rm ${directory} && mkdir ${directory}`,
    }),
  ];
}

/** Loads each app once, as its user, in a process that is ended when it serves. */
export async function checkLoading({ deployments, main }: Examination): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const tried = new Set<string>();
  for (const deployment of deployments) {
    const { app, user } = deployment;
    if (app === undefined || isLsapiError(app) || tried.has(app.path)) continue;
    // A suEXEC daemon loads apps as the users of its requests, none of which is known.
    if ('LSAPI_SECRET' in deployment.environment) continue;
    tried.add(app.path);
    // That its user gets at Node and the app at all has been looked at.
    if (user !== undefined && [process.execPath, main, app.path].some((file) => obstacle(file, user, 'read')))
      continue;
    findings.push(...(await load(deployment, app, main)));
  }
  return findings;
}

async function load(deployment: Deployment, app: ResolvedApp, main: string): Promise<Finding[]> {
  const { environment, command, user, external } = deployment;
  const given = Object.entries(environment).filter(([name]) => !NOT_FOR_TRIALS.test(name));
  const result = await withTrial(
    {
      main,
      nodeFlags: command?.nodeFlags ?? [],
      arguments: [app.path],
      directory: existsSync(app.root) ? app.root : '/',
      environment: {
        PATH: '/bin:/usr/bin',
        ...Object.fromEntries(given),
        LSNODE_ROOT: app.root,
      },
      user: external === undefined ? undefined : user,
    },
    () => Promise.resolve(),
  );
  if (result.kind === 'served') return [];
  const message = lastMessage(result.output);
  if (result.kind === 'late') {
    return [
      finding('LSAPI_DOCTOR_APP_LOAD', 'warning', app.path, {
        what: `The app has not begun to serve within a minute. ${message}`,
        why: 'The server gives a request up after initTimeout, and answers 503.',
        remedy:
          'See what it waits for while it loads; raise initTimeout of the external app if that is as it should be.',
      }),
    ];
  }
  const who = user === undefined || external === undefined ? '' : ` as ${user.name}`;
  if (WRONG_MODULE_TYPE.test(result.output)) return [moduleType(app, result.output, message)];
  return [
    finding('LSAPI_DOCTOR_APP_LOAD', 'error', app.path, {
      what: `The app does not load${who}: ${message}`,
      why: 'Requests are answered 503.',
      remedy: 'Do what the message says; lsnode --http 8080 APP shows the same on a page.',
    }),
  ];
}

function moduleType(app: ResolvedApp, output: string, message: string): Finding {
  const isEsModule = /Cannot use import statement|Unexpected token 'export'/.test(output);
  const manifest = nearestManifest(dirname(app.path));
  return finding('LSAPI_DOCTOR_MODULE_TYPE', 'error', app.path, {
    what: `The app is written as ${isEsModule ? 'an ES module, and loaded as CommonJS' : 'CommonJS, and loaded as an ES module'}: ${message}`,
    why: `"type" in ${manifest ?? 'package.json'} says what .js files are, and the app does not load: requests are answered 503.`,
    remedy: isEsModule
      ? 'Put "type": "module" into package.json, or name the file .mjs.'
      : 'Take "type": "module" out of package.json, or name the file .cjs.',
  });
}

function nearestManifest(directory: string): string | undefined {
  for (let at = directory; ; at = dirname(at)) {
    const file = join(at, 'package.json');
    if (existsSync(file)) return file;
    if (at === dirname(at)) return undefined;
  }
}
