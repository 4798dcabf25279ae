import { byteText } from './apache/file-access.js';
import type { ConfigurationReading } from './apache/read.js';
import { ObjectReader } from './config-object.js';
import { emptyHost, serverHost, virtualHost, type BodyDraft, type HostDraft } from './draft.js';
import { PatternError } from './pcre/pattern.js';
import { pathTest } from './path-test.js';
import { ProblemList } from './problem.js';
import { readObject } from './read-object.js';
import { groupName, patternProblem, scriptAlias } from './script-alias.js';
import type { Body, PathTest } from './settings.js';
import { Wildcards } from './wildcards.js';

export type * from './config-file-types.js';

const SECTION_KEYS = ['applicationGroup', 'callableObject', 'scriptReloading', 'environment'] as const;
const HOST_KEYS = [
  'serverName',
  'documentRoot',
  'scriptAliases',
  'directories',
  'locations',
  'files',
] as const;

/**
 * Reads `lsnode.config.json` or `lsnode.config.mjs`. Never fails: what is wrong is in `problems`, all of it, each with
 * its path into the object, of JSON also its line.
 */
export async function readConfigurationFile(path: string): Promise<ConfigurationReading> {
  const { value, lines, problems } = await readObject(path);
  return value === undefined
    ? { ...configurationOf({}, path), problems: problems.all }
    : configurationOf(value, path, lines, problems);
}

/**
 * The configuration of an object as {@link LsnodeConfiguration} has it.
 *
 * @param file where it is from, for messages
 * @param lines in which line each path into it is, if the file tells
 * @param problems what has been found wrong already
 */
export function configurationOf(
  value: unknown,
  file: string,
  lines: ReadonlyMap<string, number> = new Map(),
  problems = new ProblemList(),
): ConfigurationReading {
  const root = new ObjectReader(value, { file, lines }, '', problems);
  root.only([...SECTION_KEYS, ...HOST_KEYS, 'virtualHosts']);
  const server = emptyHost();
  readHost(root, server);
  const virtualHosts = root.list('virtualHosts').map((reader) => {
    reader.only([...SECTION_KEYS, ...HOST_KEYS, 'serverAliases']);
    if (!reader.has('serverName')) reader.missing('serverName', 'Requests are sorted by it.');
    const host = emptyHost();
    host.addresses.push({ host: '*', port: 0 });
    readHost(reader, host);
    for (const name of reader.texts('serverAliases'))
      host.aliases.push(new Wildcards(name.toLowerCase(), false));
    return host;
  });
  // Without a host for all other names the first would answer to them: in a file of our own the server level does.
  const configuration = {
    server: serverHost(server),
    virtualHosts:
      virtualHosts.length === 0
        ? []
        : [serverHost(server), ...virtualHosts.map((own) => virtualHost(server, own))].map((host, at) =>
            at === 0 ? { ...host, addresses: [{ host: '*', port: 0 }] } : host,
          ),
    processGroups: new Set<string>(),
  };
  return { configuration, problems: problems.all };
}

function readHost(reader: ObjectReader, host: HostDraft): void {
  const serverName = reader.text('serverName');
  if (serverName !== undefined) {
    const [, name, port] = /^(\[[^\]]+\]|[^:/]+)(?::(\d+))?$/.exec(serverName) ?? [];
    if (name === undefined)
      reader.invalid('serverName', 'is no host name', 'Write "example.com" or "example.com:8080".');
    else {
      host.name = name;
      host.port = Number(port ?? 0);
    }
  }
  const documentRoot = reader.text('documentRoot');
  if (documentRoot !== undefined) {
    if (documentRoot.startsWith('/')) host.documentRoot = byteText(documentRoot).replace(/(?!^)\/+$/, '');
    else reader.invalid('documentRoot', 'is no absolute path', 'Begin it with a slash.');
  }
  for (const alias of reader.list('scriptAliases')) readAlias(alias, host);
  readSection(reader, host.body);
  for (const directory of reader.list('directories')) {
    const section = readPlace(directory, 'path', ['files']);
    if (section !== undefined) host.directories.push(section);
  }
  for (const location of reader.list('locations')) {
    const section = readPlace(location, 'path', []);
    if (section !== undefined) host.locations.push(section);
  }
}

function readAlias(reader: ObjectReader, host: HostDraft): void {
  reader.only(['url', 'match', 'target', 'applicationGroup', 'callableObject']);
  const target = reader.text('target');
  const url = reader.oneOf('url', 'match');
  if (target === undefined && !reader.has('target'))
    reader.missing('target', 'It is the path of a script or directory.');
  const applicationGroup = reader.text('applicationGroup');
  const callableObject = reader.text('callableObject');
  if (target === undefined || url === undefined) return;
  const options = {
    ...(applicationGroup === undefined ? {} : { applicationGroup: groupName(byteText(applicationGroup)) }),
    ...(callableObject === undefined ? {} : { callableObject: byteText(callableObject) }),
  };
  const isPattern = url.key === 'match';
  const alias = scriptAlias(
    isPattern,
    byteText(url.text),
    byteText(target),
    options,
    reader.place(),
    new Set(),
  );
  if ('message' in alias) reader.report(url.key, alias);
  else host.scriptAliases.push(alias);
}

function readPlace(
  reader: ObjectReader,
  key: 'path' | 'name',
  more: readonly string[],
): { matches: PathTest; body: Body } | undefined {
  reader.only([...SECTION_KEYS, key, 'match', ...more]);
  const body: BodyDraft = { settings: {}, files: [], conditions: [] };
  readSection(reader, body);
  const found = reader.oneOf(key, 'match');
  if (found === undefined) return undefined;
  try {
    return { matches: pathTest(byteText(found.text), found.key === 'match'), body };
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    reader.report('match', patternProblem('Regex could not be compiled', found.text, error));
    return undefined;
  }
}

function readSection(reader: ObjectReader, { settings, files }: BodyDraft): void {
  const applicationGroup = reader.text('applicationGroup');
  if (applicationGroup !== undefined) settings.applicationGroup = groupName(byteText(applicationGroup));
  const callableObject = reader.text('callableObject');
  if (callableObject !== undefined) settings.callableObject = byteText(callableObject);
  const scriptReloading = reader.flag('scriptReloading');
  if (scriptReloading !== undefined) settings.scriptReloading = scriptReloading;
  const environment = reader.record('environment');
  if (environment.length > 0)
    settings.environment = environment.map(([name, value]) => ({
      name: byteText(name),
      value: byteText(value),
    }));
  for (const file of reader.list('files')) {
    const section = readPlace(file, 'name', []);
    if (section !== undefined) files.push(section);
  }
}
