import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { formatAddress, parseAddress } from '../config/address.js';
import { closestMatch } from '../config/closest-match.js';
import { isLsapiError } from '../errors.js';
import { entriesOf, valueOf } from '../install/plain-config.js';
import { suffixesOf } from '../install/plan.js';
import {
  expandVariables,
  fromLatin1,
  pathOf,
  type PlacedEntry,
  type VirtualHost,
} from '../install/server-tree.js';
import type { Examination } from './examination.js';
import { placeOf, type ExternalApp } from './external-apps.js';
import { finding, type Finding } from './finding.js';

/** How many files are looked at for scripts that nobody handles. */
const MOST_FILES = 2000;

/** What leads to external apps: contexts and script handlers; and external apps that get in each other's way. */
export function checkRoutes(examination: Examination): readonly Finding[] {
  const { tree } = examination;
  if (tree === undefined) return [];
  const own = (name: string): boolean => lsnodeApps(examination).some((app) => app.name === name);
  return [
    ...types(examination),
    ...sharedSockets(examination),
    ...handlersAmong(tree.entries, undefined, examination),
    ...tree.virtualHosts.flatMap((host) => [
      ...contextsOf(host, examination, own),
      ...handlersAmong(host.entries, host, examination),
    ]),
  ];
}

/** External apps that are deployments of `lsnode`. */
function lsnodeApps({ deployments }: Examination): ExternalApp[] {
  return deployments.flatMap(({ external }) => (external === undefined ? [] : [external]));
}

function types(examination: Examination): Finding[] {
  return lsnodeApps(examination)
    .filter(({ type }) => type !== 'lsapi')
    .map(({ name, type, place }) =>
      finding('LSAPI_DOCTOR_TYPE', 'error', place, {
        what: `The external app "${name}" runs lsnode, and its type is "${type}".`,
        why: `The server speaks ${type === 'proxy' ? 'HTTP' : 'another protocol'} to it, which lsnode does not understand: every request fails.`,
        remedy: `Set type lsapi, in the external app and in the contexts that name it.`,
      }),
    );
}

/** Two on one socket: each gets what is meant for the other. The server gives a second one of its own another path. */
function sharedSockets(examination: Examination): Finding[] {
  const { externals } = examination;
  const own = lsnodeApps(examination);
  return own.flatMap((app, index) =>
    externals
      .filter((other) => other !== app && !(own.includes(other) && own.indexOf(other) < index))
      .filter((other) => addressOf(other) !== undefined && addressOf(other) === addressOf(app))
      .map((other) => {
        const isProxy = other.type !== 'lsapi';
        const isMoved = app.autoStart && other.autoStart && !isProxy;
        return finding(
          isProxy ? 'LSAPI_DOCTOR_TYPE' : 'LSAPI_DOCTOR_SOCKET_SHARED',
          isMoved ? 'warning' : 'error',
          other.place,
          {
            what: `The external apps "${app.name}" (${app.place}) and "${other.name}"${isProxy ? ` of the type ${other.type}` : ''} have the same address, ${app.address}.`,
            why: isProxy
              ? `What goes to "${other.name}" reaches lsnode in another protocol, and fails.`
              : isMoved
                ? 'The server gives the second one another path, which nobody knows.'
                : 'Requests of one go to the app of the other.',
            remedy: isProxy
              ? `Let contexts name "${app.name}" and remove "${other.name}", or give it the address of an HTTP server.`
              : 'Give each external app an address of its own.',
          },
        );
      }),
  );
}

function contextsOf(host: VirtualHost, examination: Examination, own: (name: string) => boolean): Finding[] {
  const serves = lsnodeApps(examination);
  return host.entries
    .filter(({ entry }) => entry.keyword === 'context')
    .flatMap((placed): Finding[] => {
      const { entry } = placed;
      const type = (valueOf(entry, 'type') ?? '').toLowerCase();
      if (type === 'appserver') return oldLoader(placed, host, examination);
      const handler = valueOf(entry, 'handler');
      if (handler === undefined) return [];
      const name = expand(handler, host, examination);
      const named = visibleTo(host, examination).filter((app) => app.name === name);
      if (type === 'lsapi' && named.length === 0) {
        return [missing(placed, `The context ${fromLatin1(entry.value)}`, name, host, examination)];
      }
      if (!own(name) || named.some((app) => app.type === type)) return [];
      const app = serves.find((one) => one.name === name);
      return [
        finding('LSAPI_DOCTOR_HANDLER', 'error', placeOf(placed), {
          what: `The context ${fromLatin1(entry.value)} is of the type "${type}", and its handler "${name}" of the type "${app?.type}".`,
          why: 'The server looks for a handler of that name and type, finds none, and leaves the context out.',
          remedy: 'Set type lsapi in the context.',
        }),
      ];
    });
}

/** The name of a handler, with the variables that external apps' names may have too. */
function expand(handler: string, host: VirtualHost | undefined, { tree }: Examination): string {
  return expandVariables(fromLatin1(handler), { serverRoot: tree?.root ?? '/', host });
}

/** Server-level apps, and those of the virtual host. */
function visibleTo(host: VirtualHost | undefined, { externals }: Examination): ExternalApp[] {
  return externals.filter((app) => app.host === undefined || app.host === host);
}

function missing(
  placed: PlacedEntry,
  subject: string,
  name: string,
  host: VirtualHost | undefined,
  examination: Examination,
): Finding {
  const visible = visibleTo(host, examination).filter(({ type }) => type === 'lsapi');
  const elsewhere = examination.externals.find((app) => app.name === name && !visible.includes(app));
  const meant = closestMatch(
    name,
    visible.map((app) => app.name),
  );
  return finding('LSAPI_DOCTOR_HANDLER', 'error', placeOf(placed), {
    what: `${subject} names the external app "${name}" of the type lsapi, and there is none.`,
    why: 'The server leaves it out, and requests get 404, or the file itself.',
    remedy:
      elsewhere === undefined
        ? `Set the handler to ${meant === undefined ? 'an external app that exists' : `"${meant}"`}, or add that external app.`
        : elsewhere.host === host || elsewhere.host === undefined
          ? `Set type lsapi in the external app "${name}" (${elsewhere.place}).`
          : `The external app "${name}" belongs to the virtual host ${elsewhere.host.name} (${elsewhere.place}): define it in this one, or in the server.`,
  });
}

function oldLoader(placed: PlacedEntry, host: VirtualHost, examination: Examination): Finding[] {
  const { entry } = placed;
  const appType = (valueOf(entry, 'apptype') ?? '').toLowerCase();
  if (appType !== 'node' && appType !== 'nodejs') return [];
  const serverRoot = examination.tree?.root ?? '/';
  const location = pathOf(valueOf(entry, 'location'), { serverRoot, host });
  const binary = pathOf(valueOf(entry, 'binpath'), { serverRoot, host });
  const isLsnode = binary?.endsWith('/lsnode') === true;
  const roots = examination.deployments.flatMap(({ app }) =>
    app === undefined || isLsapiError(app) ? [] : [resolve(app.root)],
  );
  if (!isLsnode && (location === undefined || !roots.includes(resolve(location)))) return [];
  const uri = fromLatin1(entry.value);
  return [
    finding('LSAPI_DOCTOR_OLD_LOADER', 'error', placeOf(placed), {
      what: isLsnode
        ? `The context ${uri} is an app server of the type node, with lsnode as its binary.`
        : `The context ${uri} serves ${location} by the server's own lsnode.js.`,
      why: isLsnode
        ? 'The server gives it its own loader, lsnode.js, to run and speaks HTTP to it, which fails.'
        : 'That loader speaks HTTP, without what this package is for; the external app is not used for this context.',
      remedy: `Set appType wsgi with binPath of lsnode, or make the context one of type lsapi with the external app as handler.`,
    }),
  ];
}

function handlersAmong(
  entries: readonly PlacedEntry[],
  host: VirtualHost | undefined,
  examination: Examination,
): Finding[] {
  const names = lsnodeApps(examination).map(({ name }) => name);
  const blocks = entries.filter(({ entry }) => entry.keyword === 'scripthandler');
  const lines = blocks.flatMap(({ entry, file }) =>
    entriesOf(entry.children, 'add').map((line) => ({ entry: line, file })),
  );
  const handled = lines.flatMap(({ entry }) => suffixesOf(entry.value));
  return lines.flatMap((placed): Finding[] => {
    const [, type = '', handler = ''] = /^([^:\s]*):(\S*)/.exec(placed.entry.value) ?? [];
    const name = expand(handler, host, examination);
    const suffixes = suffixesOf(placed.entry.value);
    if (
      type.toLowerCase() === 'lsapi' &&
      !visibleTo(host, examination).some((app) => app.name === name && app.type === 'lsapi')
    ) {
      return isOurBusiness(name, suffixes, names)
        ? [missing(placed, `The script handler of ${suffixes.join(', ')}`, name, host, examination)]
        : [];
    }
    if (!names.includes(name)) return [];
    const dotted = suffixes.filter((suffix) => suffix.includes('.'));
    if (dotted.length > 0) return [withDot(placed, dotted)];
    return unhandled(placed, suffixes, handled, host, examination);
  });
}

/** Handlers of other programs, PHP above all, are none of ours. */
function isOurBusiness(name: string, suffixes: readonly string[], names: readonly string[]): boolean {
  return (
    suffixes.some((suffix) => /^([cm]?js|wsgi|node)$/.test(suffix)) || closestMatch(name, names) !== undefined
  );
}

function withDot(placed: PlacedEntry, dotted: readonly string[]): Finding {
  return finding('LSAPI_DOCTOR_SUFFIX', 'error', placeOf(placed), {
    what: `The script handler has the suffix "${dotted.join(', ')}", with a dot.`,
    why: 'The server refuses the line, and delivers the source of scripts as files.',
    remedy: `Write suffixes without a dot: ${dotted.map((suffix) => suffix.replaceAll('.', '')).join(',')}`,
  });
}

/** Scripts beside those that are handled, whose source is delivered. */
function unhandled(
  placed: PlacedEntry,
  suffixes: readonly string[],
  handled: readonly string[],
  host: VirtualHost | undefined,
  { tree }: Examination,
): Finding[] {
  const family = ['js', 'mjs', 'cjs'];
  const open = family.filter((suffix) => suffix !== 'js' && !handled.includes(suffix));
  if (!suffixes.some((suffix) => family.includes(suffix)) || open.length === 0) return [];
  const roots = host === undefined ? (tree?.virtualHosts ?? []) : [host];
  for (const { documentRoot } of roots) {
    const file = documentRoot === undefined ? undefined : findScript(documentRoot, open);
    if (file === undefined) continue;
    const suffix = file.slice(file.lastIndexOf('.') + 1);
    return [
      finding('LSAPI_DOCTOR_SUFFIX', 'warning', placeOf(placed), {
        what: `Files with the suffix ${suffixes.join(', ')} are run as scripts, and those with ${suffix} are not: ${file}.`,
        why: `If it is meant for the server, not for browsers, its source is delivered to whoever asks.`,
        remedy: `Add the suffix to the line of the script handler: ${[...suffixes, suffix].join(',')}`,
      }),
    ];
  }
  return [];
}

function findScript(directory: string, suffixes: readonly string[]): string | undefined {
  const waiting = [directory];
  let left = MOST_FILES;
  for (let next = waiting.shift(); next !== undefined && left > 0; next = waiting.shift()) {
    let names;
    try {
      names = readdirSync(next, { withFileTypes: true });
    } catch {
      continue;
    }
    left -= names.length;
    const script = names.find(
      (name) => name.isFile() && suffixes.some((suffix) => name.name.endsWith(`.${suffix}`)),
    );
    if (script !== undefined) return join(next, script.name);
    waiting.push(...names.filter((name) => name.isDirectory()).map((name) => join(next, name.name)));
  }
  return undefined;
}

/** In one form, so that two can be compared. */
function addressOf({ address }: { readonly address: string | undefined }): string | undefined {
  if (address === undefined) return undefined;
  try {
    return formatAddress(parseAddress(address.replace(/^https?:\/\//i, '').replace(/\/$/, '')));
  } catch (error) {
    if (isLsapiError(error)) return undefined;
    throw error;
  }
}
