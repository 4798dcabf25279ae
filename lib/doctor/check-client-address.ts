import { valueOf } from '../install/plain-config.js';
import { placeOf } from './external-apps.js';
import type { Examination } from './examination.js';
import { finding, type Finding } from './finding.js';

/** Whether apps get to know who asks. */
export function checkClientAddress({ tree }: Examination): readonly Finding[] {
  if (tree === undefined) return [];
  const addresses = tree.entries
    .filter(({ entry }) => entry.keyword === 'listener')
    .map(({ entry }) => valueOf(entry, 'address') ?? '');
  // Nobody but a proxy of this machine can reach a server that listens there only.
  const isBehindProxy =
    addresses.length > 0 && addresses.every((address) => /^(127\.|localhost:|\[::1\])/i.test(address));
  const setting = tree.entries.find(({ entry }) => entry.keyword === 'useipinproxyheader');
  if (!isBehindProxy || setting === undefined || !/^0\b/.test(setting.entry.value)) return [];
  return [
    finding('LSAPI_DOCTOR_CLIENT_ADDRESS', 'warning', placeOf(setting), {
      what: `All listeners are on this machine (${addresses.join(', ')}), and useIpInProxyHeader is 0.`,
      why: 'Every client is a proxy here: apps see 127.0.0.1 as the address of all of them, and limits by address hit all at once.',
      remedy:
        "Set useIpInProxyHeader 2 (trusted only) and add the proxy's address with a T to allow of accessControl, as in: allow ALL, 127.0.0.1T",
    }),
  ];
}
