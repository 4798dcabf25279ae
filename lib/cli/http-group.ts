import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Address } from '../config/address.js';
import { formatAddress } from '../config/address.js';
import type { Settings } from '../config/setting-types.js';
import type { Invocation } from '../process-group/image.js';
import type { GatewayMapping } from './http-front.js';
import { appMapping } from './document-root.js';
import { openHttpFront, statusPageFor } from './http-front.js';
import { privateAddress } from './open-socket.js';
import type { CommandLine } from './options.js';
import { DEVELOPMENT_VARIABLE } from './run-group.js';
import { onStopSignal } from './stop-signals.js';

const POLL_MS = 20;

/**
 * The development gateway in front of a process group. The parent of a group runs no JavaScript, so the group is a
 * program of its own, started with --bind in place of --http.
 *
 * @throws LsapiError LSAPI_ERR_LISTEN
 */
export async function runBehindGateway(
  http: Address,
  commandLine: CommandLine,
  invocation: Invocation,
  settings: Settings,
): Promise<void> {
  const target = privateAddress();
  const bind = formatAddress(target);
  const { app, arguments: parameters } = commandLine;
  const module = app === undefined ? [] : ['--module', app];
  const { gateway, forward } = commandLine.scripts
    ? await scriptsGateway(commandLine, settings)
    : { gateway: appMapping(commandLine), forward: [] };
  const group = spawn(
    process.execPath,
    [...process.execArgv, invocation.main, '--bind', bind, ...forward, ...module, '--', ...parameters],
    {
      cwd: invocation.directory,
      env: {
        ...environmentOf(invocation),
        ...(process.env.NODE_ENV !== 'production' && { [DEVELOPMENT_VARIABLE]: '1' }),
      },
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  );
  const ended = once(group, 'exit') as Promise<[number | null]>;
  onStopSignal(() => group.kill('SIGTERM'));
  process.removeAllListeners('SIGHUP').on('SIGHUP', () => group.kill('SIGHUP'));
  while (group.exitCode === null && group.signalCode === null && !existsSync(bind)) await delay(POLL_MS);
  if (group.exitCode === null && group.signalCode === null) {
    const page = await statusPageFor(commandLine, group.pid ?? 0);
    const close = await openHttpFront(http, target, settings, { ...gateway, ...page });
    void ended.then(close);
  }
  const [code] = await ended;
  process.exit(code ?? 1);
}

async function scriptsGateway(
  commandLine: CommandLine,
  settings: Settings,
): Promise<{ gateway: GatewayMapping; forward: string[] }> {
  const { gatewayFor, scriptArguments, scriptsDirectory } = await import('./scripts.js');
  return {
    gateway: gatewayFor(commandLine, scriptsDirectory(commandLine, settings)),
    forward: scriptArguments(commandLine),
  };
}

function environmentOf({ environment }: Invocation): Record<string, string> {
  return Object.fromEntries(
    environment.map((variable) => {
      const at = variable.indexOf('=');
      return [variable.slice(0, at), variable.slice(at + 1)];
    }),
  );
}
