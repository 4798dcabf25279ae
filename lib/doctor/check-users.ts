import { numberOf, valueOf } from '../install/plain-config.js';
import { fromLatin1 } from '../install/server-tree.js';
import { identityOf } from './access.js';
import { serverIdentity } from './deployment.js';
import type { Examination } from './examination.js';
import { finding, type Finding } from './finding.js';

/** Users and groups that the server starts nothing as (`isUserBlocked`, `isGidBlackListed`). */
const REFUSED_USERS: readonly string[] = ['root', 'lsadm'];

/** The users that external apps run as. */
export function checkUsers({ tree, deployments }: Examination): readonly Finding[] {
  if (tree === undefined) return [];
  const limits = tree.entries.find(({ entry }) => entry.keyword === 'cgirlimit')?.entry;
  // As shipped.
  const least = numberOf(limits, 'minuid') ?? 11;
  const server = serverIdentity(tree);
  return deployments.flatMap(({ external, place, user }): Finding[] => {
    if (external === undefined) return [];
    const { name, entry, autoStart } = external;
    if (!autoStart) return [];
    const given = valueOf(entry, 'extuser');
    if (given === undefined) {
      return user?.uid !== 0 || server?.uid !== 0
        ? []
        : [
            finding('LSAPI_DOCTOR_ROOT', 'error', place, {
              what: `The external app "${name}" has no extUser, and would run as root.`,
              why: 'Whoever finds a hole in the app has the machine.',
              remedy:
                "Set extUser and extGroup to a user of its own, and the server's user and group to nobody.",
            }),
          ];
    }
    const extUser = fromLatin1(given);
    const wrong = (what: string): Finding[] => [
      finding('LSAPI_DOCTOR_USER', 'error', place, {
        what,
        why: 'The server runs the app as its own user instead, who may not be able to read it, or may read what it should not.',
        remedy: `Set extUser of "${name}" to a user that exists, not root or lsadm, with an id of ${least} at least.`,
      }),
    ];
    const identity = identityOf(extUser);
    if (identity === undefined)
      return wrong(`extUser ${extUser} of the external app "${name}" does not exist.`);
    if (REFUSED_USERS.includes(extUser) || identity.uid === 0) {
      return wrong(
        `extUser of the external app "${name}" is ${extUser}, as which the server starts nothing.`,
      );
    }
    return identity.uid < least
      ? wrong(
          `extUser ${extUser} of the external app "${name}" has the id ${identity.uid}, below minUID ${least} of CGIRLimit.`,
        )
      : [];
  });
}
