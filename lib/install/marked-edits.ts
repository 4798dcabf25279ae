import { LsapiError } from '../errors.js';
import { parsePlainConfig, type ConfigEntry } from './plain-config.js';

/**
 * Edits of a configuration that can be taken back: what is added stands between two comment lines that name the app, and
 * what is replaced is made a comment, line by line. Everything else stays byte for byte.
 */

const MARK = '# lsnode install:';
/** Told by the mark where the text before it had no line end, which was added with it. */
const JOINED = ', line end added';

/** Something to add to a configuration. */
export interface Addition {
  /** Lines without their ends. */
  readonly lines: readonly string[];
  /** The block at whose end they are put; `undefined`: the end of the text. */
  readonly within: ConfigEntry | undefined;
}

/** The text with the addition, marked with the app's name. */
export function addMarked(text: string, name: string, { lines, within }: Addition): string {
  const at = within?.closing ?? text.length;
  const before = text.slice(0, at);
  const eol = /\r\n/.test(text) ? '\r\n' : '\n';
  const isJoined = before !== '' && !before.endsWith('\n');
  const indent = within === undefined ? '' : indentOf(text, within);
  const marked = [`${MARK} begin ${name}${isJoined ? JOINED : ''}`, ...lines, `${MARK} end ${name}`].map(
    (line) => (line === '' ? eol : `${indent}${line}${eol}`),
  );
  return `${before}${isJoined ? eol : ''}${marked.join('')}${text.slice(at)}`;
}

/** The text with an entry made a comment that {@link removeMarked} turns back. */
export function disable(text: string, name: string, { start, end }: ConfigEntry): string {
  const lines = text.slice(start, end).match(/[^\n]*\n|[^\n]+$/g) ?? [];
  return text.slice(0, start) + lines.map((line) => disabledPrefix(name) + line).join('') + text.slice(end);
}

/**
 * The text without what was added for `name`, and with what was replaced for it.
 *
 * @param isOurs which entries may stand between the marks; anything else there is somebody's
 * @param file for the error
 * @throws LsapiError `LSAPI_ERR_INSTALL` where a mark has lost its partner, or there is more between them: then nothing
 *   is known of what may go
 */
export function removeMarked(
  text: string,
  name: string,
  isOurs: (entry: ConfigEntry) => boolean,
  file: string,
): string {
  const marks = new RegExp(
    `^([ \\t]*)${escaped(MARK)} (begin|end) ${escaped(name)}(${escaped(JOINED)})?[ \\t]*\\r?(?:\\n|$)`,
    'gm',
  );
  let rest = '';
  let from = 0;
  let begin: RegExpExecArray | undefined;
  for (let match = marks.exec(text); match !== null; match = marks.exec(text)) {
    if ((match[2] === 'begin') !== (begin === undefined)) throw astray(name, file, lineAt(text, match.index));
    if (match[2] === 'begin') {
      begin = match;
      const isJoined = match[3] !== undefined;
      rest += isJoined ? text.slice(from, match.index).replace(/\r?\n$/, '') : text.slice(from, match.index);
      continue;
    }
    const start = begin?.index ?? 0;
    const between = parsePlainConfig(text.slice(start, match.index));
    if (between.problems.length > 0 || !between.entries.every(isOurs)) {
      throw astray(name, file, lineAt(text, start));
    }
    from = match.index + match[0].length;
    begin = undefined;
  }
  if (begin !== undefined) throw astray(name, file, lineAt(text, begin.index));
  rest += text.slice(from);
  return rest.replace(new RegExp(`^${escaped(disabledPrefix(name))}`, 'gm'), '');
}

/** The names of the apps that were added to a text. */
export function markedNames(text: string): string[] {
  const marks = new RegExp(`^[ \\t]*${escaped(MARK)} begin ([^\\s,]+)`, 'gm');
  return [...new Set([...text.matchAll(marks)].map((match) => match[1] ?? ''))];
}

function disabledPrefix(name: string): string {
  return `#lsnode install: replaced by ${name}: `;
}

function indentOf(text: string, block: ConfigEntry): string {
  const first = block.children?.at(-1);
  return /^[ \t]*/.exec(text.slice(first?.start ?? block.closing, block.closing))?.[0] ?? '';
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

function astray(name: string, file: string, line: number): LsapiError {
  return new LsapiError(
    'LSAPI_ERR_INSTALL',
    `The marks of "${name}" in ${file} do not enclose what lsnode install has written any more (line ${line}). ` +
      `Remove the external app "${name}", its context or script handler and the comment lines by hand, or compare with the backup beside the file.`,
  );
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
