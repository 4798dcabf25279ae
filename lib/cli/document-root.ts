import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { LsapiError } from '../errors.js';
import type { GatewayMapping } from './http-front.js';
import type { CommandLine } from './options.js';

/**
 * What the gateway is told where one app is served: all requests are the app's, and `--document-root` has the files that
 * it may have delivered by X-LiteSpeed-Location.
 *
 * @throws LsapiError LSAPI_ERR_OPTION for what is no directory
 */
export function appMapping({ documentRoot }: CommandLine): GatewayMapping {
  if (documentRoot === undefined) return {};
  const directory = resolve(documentRoot);
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true) {
    return { documentRoot: directory, contexts: [{ uri: '/' }] };
  }
  throw new LsapiError(
    'LSAPI_ERR_OPTION',
    `--document-root: ${directory} is no directory. Name the one whose files the app has delivered.`,
  );
}
