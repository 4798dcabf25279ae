import { readSettings } from '../config/settings.js';
import { writeLog } from '../connections/log.js';
import { LsapiError } from '../errors.js';
import { appMapping } from './document-root.js';
import { openHttpFront } from './http-front.js';
import type { CommandLine } from './options.js';
import { onStopSignal } from './stop-signals.js';

/**
 * The development gateway alone, in front of apps that run elsewhere (`--backend`).
 *
 * @throws LsapiError LSAPI_ERR_LISTEN, LSAPI_ERR_OPTION
 */
export async function runFront(commandLine: CommandLine): Promise<void> {
  const { http, backends } = commandLine;
  if (http === undefined) throw new LsapiError('LSAPI_ERR_OPTION', '--backend needs --http.');
  const { settings, warnings } = readSettings(process.env, { socket: 'bound' });
  for (const warning of warnings) writeLog(warning);
  const close = await openHttpFront(http, backends, settings, appMapping(commandLine));
  onStopSignal(() => void close().then(() => process.exit(0)));
}
