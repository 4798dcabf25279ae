import { exemptFromCapture } from '../app/capture.js';
import type { Address } from '../config/address.js';
import { formatAddress } from '../config/address.js';
import type { Settings } from '../config/setting-types.js';
import { writeLog } from '../connections/log.js';
import type { GatewayOptions } from '../gateway/index.js';
import type { CommandLine } from './options.js';

/** Which requests the gateway passes on, where these are not all. */
export type GatewayMapping = Pick<
  GatewayOptions,
  'contexts' | 'documentRoot' | 'scriptSuffixes' | 'intercept'
>;

/**
 * The status page that the command line asks for.
 *
 * @param pid - of the process that serves, the parent of a group or a worker
 * @throws LsapiError `LSAPI_ERR_OPTION` where the path can be none, or the token cannot be read
 */
export async function statusPageFor(
  { statusPath: path, statusTokenFile }: CommandLine,
  pid: number,
): Promise<Pick<GatewayMapping, 'intercept'>> {
  if (path === undefined) return {};
  const { StatusSampler, isNoGroup } = await import('../status/sampler.js');
  const { readToken } = await import('../metrics/authorize.js');
  const { StatusEndpoint } = await import('../gateway/status-page/endpoint.js');
  const token = statusTokenFile === undefined ? undefined : readToken('--status-token-file', statusTokenFile);
  const sampler = new StatusSampler({ target: pid });
  const groups = (): ReturnType<typeof sampler.sample> => {
    try {
      return sampler.sample();
    } catch (error) {
      // It has not begun to serve yet, or has ended.
      if (!isNoGroup(error)) throw error;
      return [];
    }
  };
  const endpoint = new StatusEndpoint({ path, token, groups });
  return { intercept: (request, response) => endpoint.answers(request, response) };
}

/**
 * Opens the development gateway on `http`, in front of the LSAPI socket at `target`, or of several, and prints the URL that
 * answers.
 *
 * @returns what closes it: resolves once its last request is answered
 * @throws LsapiError LSAPI_ERR_LISTEN
 */
export async function openHttpFront(
  http: Address,
  target: Address | readonly Address[],
  settings: Settings,
  mapping: GatewayMapping = {},
): Promise<() => Promise<void>> {
  // Loaded here only: a process behind LiteSpeed has no use for it.
  const { createGateway, formatAccessLog } = await import('../gateway/index.js');
  const gateway = createGateway({
    ...mapping,
    target: 'kind' in target ? formatAddress(target) : target.map(formatAddress),
    packetLimit: settings.maxPacket,
    development: process.env.NODE_ENV !== 'production',
    accessLog: (entry) => process.stdout.write(`${formatAccessLog(entry)}\n`),
    errorLog: writeLog,
  });
  exemptFromCapture(gateway.server);
  if (http.kind === 'unix') await gateway.listen({ path: http.path });
  else await gateway.listen({ host: http.host, port: http.port });
  const bound = gateway.address();
  if (bound !== null && typeof bound === 'object') {
    const host = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address;
    process.stdout.write(`http://${host}:${bound.port}/\n`);
  } else {
    process.stdout.write(`${String(bound)}\n`);
  }
  return () => gateway.close();
}
