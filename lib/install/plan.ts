import { readFileSync } from 'node:fs';
import { closestMatch } from '../config/closest-match.js';
import { LsapiError } from '../errors.js';
import {
  appContext,
  blockLines,
  externalApp,
  scriptHandlerLines,
  type AppInstallation,
} from './app-blocks.js';
import { addMarked, disable, markedNames, removeMarked } from './marked-edits.js';
import { entriesOf, parsePlainConfig, valueOf, type ConfigEntry } from './plain-config.js';
import { toLatin1, type ConfigFile, type ServerTree, type VirtualHost } from './server-tree.js';
import { isWrapper, wrapperPath, wrapperText } from './wrapper.js';

/** A file as it is and as it should be; texts are latin1. `undefined`: it does not exist. */
export interface FileChange {
  readonly path: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
  /** Whether it is a command, which must be executable. */
  readonly executable: boolean;
}

/** Where an app is installed. */
export interface InstallTarget {
  readonly tree: ServerTree;
  /** The virtual host's configuration is edited; `undefined`: that of the server. */
  readonly host: VirtualHost | undefined;
  /** Whether a context of the same URI, or handlers of the same suffixes, give way. */
  readonly replace: boolean;
  /** `lsnode`'s own file, and the Node that runs it. */
  readonly main: string;
  readonly node: string;
}

/**
 * What must be changed so that the server serves the app: nothing where that has been done.
 *
 * @throws LsapiError `LSAPI_ERR_INSTALL` where something else has the name, the URI or a suffix
 */
export function planInstallation(app: AppInstallation, target: InstallTarget): FileChange[] {
  const { tree, host } = target;
  const file = fileOf(tree, host);
  const [problem] = file.config.problems;
  if (problem !== undefined) {
    throw refused(`${file.path}:${problem.line}: ${problem.what}. Put the braces right first.`);
  }
  // As if it had never been installed: what an earlier run wrote is replaced, not doubled.
  const bare = removeMarked(file.config.text, toLatin1(app.name), isOursOf(app.name), file.path);
  const text = withApp(bare, app, target, file.path);
  return [wrapperChange(target), change(file.path, file.config.text, text)].filter(
    ({ before, after }) => before !== after,
  );
}

/** What must be changed to take back what was installed for `name`, wherever that is. */
export function planRemoval(name: string, tree: ServerTree): FileChange[] {
  const files = new Map<string, ConfigFile>();
  for (const file of [tree.file, ...tree.virtualHosts.map((host) => host.file)]) {
    if (file !== undefined) files.set(file.path, file);
  }
  const all = [...files.values()];
  const latin = toLatin1(name);
  const changes = all
    .map(({ path, config: { text } }) => change(path, text, removeMarked(text, latin, isOursOf(name), path)))
    .filter(({ before, after }) => before !== after);
  if (changes.length === 0) {
    const installed = [...new Set(all.flatMap(({ config }) => markedNames(config.text)))];
    const meant = closestMatch(name, installed);
    throw refused(
      `Nothing of "${name}" is installed below ${tree.root}. ` +
        (meant !== undefined
          ? `Did you mean ${meant}?`
          : installed.length === 0
            ? 'No app was added there by lsnode install.'
            : `These are: ${installed.join(', ')}. Name one with --name.`),
    );
  }
  const left = all.some(
    ({ path, config }) =>
      markedNames(changes.find((one) => one.path === path)?.after ?? config.text).length > 0,
  );
  const path = wrapperPath(tree.root);
  const wrapper = readOptional(path);
  if (!left && wrapper !== undefined && isWrapper(wrapper)) {
    changes.push({ path, before: wrapper, after: undefined, executable: true });
  }
  return changes;
}

function fileOf(tree: ServerTree, host: VirtualHost | undefined): ConfigFile {
  if (host === undefined) return tree.file;
  if (host.file !== undefined) return host.file;
  throw refused(
    `The configuration of the virtual host ${host.name}, ${host.path}, cannot be read. Check configFile of virtualHost ${host.name}, and run this as a user who may read it.`,
  );
}

function withApp(bare: string, app: AppInstallation, target: InstallTarget, path: string): string {
  const { name } = app;
  const latin = toLatin1(name);
  let text = bare;
  checkName(parsePlainConfig(text).entries, app, path);
  const context = appContext(app);
  if (context !== undefined) {
    const other = entriesOf(parsePlainConfig(text).entries, 'context').find(({ value }) => value === app.uri);
    if (other !== undefined && !target.replace) {
      throw refused(
        `${path}:${other.line} has a context ${app.uri} already. Choose another --uri, or give --replace: it is made a comment, which --undo takes back.`,
      );
    }
    if (other !== undefined) text = disable(text, latin, other);
  }
  const blocks = blockLines('extprocessor', name, externalApp(app)).map(toLatin1);
  if (context !== undefined) {
    blocks.push('', ...blockLines('context', app.uri, context).map(toLatin1));
    return addMarked(text, latin, { lines: blocks, within: undefined });
  }
  text = withoutSuffixes(text, app, target.replace, path);
  const handler = entriesOf(parsePlainConfig(text).entries, 'scripthandler')[0];
  const lines = scriptHandlerLines(app);
  if (handler === undefined) blocks.push('', 'scripthandler {', ...lines, '}');
  // The server reads the first such block only.
  else text = addMarked(text, latin, { lines: lines.map((line) => line.trim()), within: handler });
  return addMarked(text, latin, { lines: blocks, within: undefined });
}

function checkName(entries: readonly ConfigEntry[], { name }: AppInstallation, path: string): void {
  const other = entriesOf(entries, 'extprocessor').find(({ value }) => value === toLatin1(name));
  if (other === undefined) return;
  throw refused(
    `${path}:${other.line} has an external app "${name}" that lsnode install did not write. Choose another --name.`,
  );
}

function withoutSuffixes(text: string, app: AppInstallation, replace: boolean, path: string): string {
  const taken = entriesOf(parsePlainConfig(text).entries, 'scripthandler').flatMap(({ children }) =>
    entriesOf(children, 'add').filter(({ value }) =>
      suffixesOf(value).some((suffix) => app.suffixes.includes(suffix)),
    ),
  );
  const [first] = taken;
  if (first === undefined) return text;
  if (
    !replace ||
    taken.some(({ value }) => suffixesOf(value).some((suffix) => !app.suffixes.includes(suffix)))
  ) {
    throw refused(
      `${path}:${first.line} handles the suffixes "${suffixesOf(first.value).join(',')}" already. ` +
        (replace
          ? 'It has others besides: take yours out of that line by hand.'
          : 'Choose another --suffix, or give --replace: the line is made a comment, which --undo takes back.'),
    );
  }
  // From the end, so that the places of those before stay right.
  return taken.reduceRight((rest, entry) => disable(rest, toLatin1(app.name), entry), text);
}

/** The suffixes of a line `add TYPE:NAME SUFFIX,…` of a script handler, in lower case. */
export function suffixesOf(value: string): string[] {
  const list = /^\S+\s+(.*)$/.exec(value)?.[1] ?? '';
  return list
    .split(',')
    .map((suffix) => suffix.trim().toLowerCase())
    .filter((suffix) => suffix !== '');
}

/** Which entries are an app's own: its external app, what leads to it. */
function isOursOf(name: string): (entry: ConfigEntry) => boolean {
  const latin = toLatin1(name);
  const isHandlerLine = ({ keyword, value }: ConfigEntry): boolean =>
    keyword === 'add' && /^[^:]*:(\S*)\s/.exec(value)?.[1] === latin;
  return (entry) => {
    switch (entry.keyword) {
      case 'extprocessor':
        return entry.value === latin;
      case 'context':
        return valueOf(entry, 'handler') === latin;
      case 'scripthandler':
        return (entry.children ?? []).every(isHandlerLine);
      default:
        return isHandlerLine(entry);
    }
  };
}

function wrapperChange({ tree, main, node }: InstallTarget): FileChange {
  const path = wrapperPath(tree.root);
  const before = readOptional(path);
  if (before !== undefined && !isWrapper(before)) {
    throw refused(
      `${path} is there, and lsnode install did not write it. Move it away, or set up the external app by hand with the values of --form.`,
    );
  }
  return { path, before, after: toLatin1(wrapperText(node, main)), executable: true };
}

function change(path: string, before: string, after: string): FileChange {
  return { path, before, after, executable: false };
}

function readOptional(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw refused(`${path} cannot be read (${error instanceof Error ? error.message : String(error)}).`);
  }
}

function refused(message: string): LsapiError {
  return new LsapiError('LSAPI_ERR_INSTALL', message);
}
