import { closestMatch } from '../../config/closest-match.js';
import type { Place, ProblemList } from '../problem.js';
import { readable, type ConfigurationFiles } from './file-access.js';
import { filesOfInclude } from './include.js';
import { logicalLines, substituteVariables, takeWord, words, type LogicalLine } from './lexer.js';
import { isModulePresent } from './modules.js';

/** A directive as it is written. */
export interface Directive {
  /** Its name, for sections with the `<`. */
  readonly name: string;
  /** The rest of the line; for sections without the `>`. */
  readonly args: string;
  readonly place: Place;
  /** The section around it. */
  readonly parent: Section | undefined;
  /** Directives inside of a section; `undefined` for simple ones. */
  readonly children: Directive[] | undefined;
}

/** A directive with others inside. */
export type Section = Directive & { readonly children: Directive[] };

/** What a configuration is read with. */
export interface ReadOptions {
  readonly files: ConfigurationFiles;
  /** The environment of the process, for `${NAME}`. */
  readonly environ: NodeJS.ProcessEnv;
  readonly problems: ProblemList;
}

/** How deep Include may nest; Apache's limit is 128 for directories, and 16 is more than anybody writes. */
const MOST_INCLUDES = 64;

/** How many sections may be around a directive: what is made of them takes stack at each level. */
const DEEPEST_NESTING = 250;

/** How much all files have together, in bytes: a few that include each other many times are soon more than any memory. */
const MOST_TEXT = 64 * 1024 * 1024;

/** How many defined variables an undefined one is compared with: there may be thousands of both. */
const MOST_COMPARED = 100;

/**
 * Reads a configuration file, and those it includes, into a tree. `Define`, `Include`, `IfDefine` and `IfModule` are
 * carried out while reading, as Apache does.
 */
export class TreeReader {
  readonly roots: Directive[] = [];
  /** The files that were read, in order. */
  readonly fileNames: string[] = [];
  /** ServerRoot, at first the directory of the first file. Without a slash at the end. */
  serverRoot: string | undefined;
  readonly #options: ReadOptions;
  readonly #defined = new Map<string, string>();
  readonly #modules = new Set<string>();
  /** Sections that are open here, those around an Include counted. */
  #level = 0;
  /** Bytes of all files so far. */
  #textRead = 0;
  /** Apache ends at the first error; here the others are of interest too, but not those of ever more files. */
  #includesNoMore = false;

  constructor(options: ReadOptions) {
    this.#options = options;
  }

  /** Reads a file of the command line. */
  readFile(path: string, mentioned: Place): void {
    this.serverRoot ??= path.slice(0, path.lastIndexOf('/'));
    this.#readFile(path, mentioned, undefined, 0);
  }

  /** Reads text that stands for a file, `.htaccess` say. */
  readText(text: string, file: string): void {
    this.#readText(text, file, undefined, 0);
  }

  #readFile(path: string, mentioned: Place, parent: Section | undefined, depth: number): void {
    let text: string;
    try {
      text = this.#options.files.read(path);
    } catch (error) {
      const reason = FILE_ERRORS[(error as NodeJS.ErrnoException).code ?? ''] ?? String(error);
      this.#options.problems.error(
        mentioned,
        'LSAPI_ERR_DIRECTIVE_FILE',
        `Could not open configuration file ${readable(path)}: ${reason}`,
        'Check the path and its permissions; a relative one is taken from ServerRoot.',
      );
      return;
    }
    this.#textRead += text.length;
    if (this.#textRead > MOST_TEXT && depth > 0) {
      this.#includesNoMore = true;
      this.#options.problems.error(
        mentioned,
        'LSAPI_ERR_DIRECTIVE_FILE',
        `The configuration has more than ${MOST_TEXT / 1024 / 1024} MiB with the files that it includes`,
        'You have probably files that include each other again and again.',
      );
      return;
    }
    this.#readText(text, path, parent, depth);
  }

  #readText(text: string, file: string, outer: Section | undefined, depth: number): void {
    const open: OpenSection[] = [];
    const outerLevel = this.#level;
    this.fileNames.push(readable(file));
    for (const line of logicalLines(text)) {
      const place: Place = { file: readable(file), line: line.line };
      this.#level = outerLevel + open.length;
      const current = open.at(-1);
      const skipped = current?.skipped ?? false;
      if (line.text.startsWith('</')) {
        this.#close(line, open, place);
      } else if (line.text.startsWith('<')) {
        open.push(this.#open(this.#substituted(line.text, place, skipped), current, outer, place));
      } else if (!skipped) {
        this.#directive(this.#substituted(line.text, place, false), current?.section ?? outer, place, depth);
      }
    }
    this.#level = outerLevel;
    for (const { name, place } of open.reverse()) {
      this.#sectionError(place, `${name}> was not closed.`, `Write </${name.slice(1)}> behind the section.`);
    }
  }

  #open(
    text: string,
    current: OpenSection | undefined,
    outer: Section | undefined,
    place: Place,
  ): OpenSection {
    const { word: name, rest } = takeWord(text.replace(/^<\s+/, '<'));
    const parent = current?.section ?? outer;
    const end = rest.lastIndexOf('>');
    const bare = end < 0 && name.endsWith('>');
    if (current?.skipped)
      return { name: bare ? name.slice(0, -1) : name, section: parent, skipped: true, place };
    if (end < 0 && !bare) {
      this.#sectionError(place, `${name}> directive missing closing '>'`, `End the line with ">".`);
    }
    const opened = { name: bare ? name.slice(0, -1) : name, place };
    const args = end < 0 ? (bare ? '' : rest) : rest.slice(0, end).trimEnd();
    if (this.#level >= DEEPEST_NESTING) {
      this.#sectionError(place, `${opened.name}> is nested too deeply.`, 'Close the sections before it.');
      return { ...opened, section: parent, skipped: true };
    }
    const holds = this.#condition(opened.name.toLowerCase(), args);
    if (holds !== undefined) return { ...opened, section: parent, skipped: !holds };
    const section: Section = { name: opened.name, args, place, parent, children: [] };
    (parent?.children ?? this.roots).push(section);
    return { ...opened, section, skipped: false };
  }

  #close(line: LogicalLine, open: OpenSection[], place: Place): void {
    const name = line.text.slice(2).replace(/>.*$/, '').trim();
    const innermost = open.at(-1);
    if (innermost === undefined) {
      this.#sectionError(
        place,
        `</${name}> without matching <${name}> section`,
        `Remove it, or open the section before it: <${name} …>.`,
      );
      return;
    }
    if (innermost.name.slice(1).toLowerCase() === name.toLowerCase()) {
      open.pop();
      return;
    }
    this.#sectionError(
      place,
      `Expected </${innermost.name.slice(1)}> but saw </${name}>`,
      `Close the section of line ${innermost.place.line ?? 0} first.`,
    );
    const wanted = `<${name.toLowerCase()}`;
    const matching = open.findLastIndex(
      (one) => one.name.length === wanted.length && one.name.toLowerCase() === wanted,
    );
    if (matching >= 0) open.length = matching;
  }

  #directive(text: string, parent: Section | undefined, place: Place, depth: number): void {
    const { word: name, rest: args } = takeWord(text);
    switch (name.toLowerCase()) {
      case 'include':
      case 'includeoptional':
        this.#include(name, args, parent, place, depth);
        break;
      case 'define': {
        const [variable, value = ''] = words(args);
        if (variable !== undefined) this.#defined.set(variable, value);
        break;
      }
      case 'undefine':
        this.#defined.delete(words(args)[0] ?? '');
        break;
      case 'serverroot':
        this.serverRoot = (words(args)[0] ?? '').replace(/\/+$/, '') || this.serverRoot;
        break;
      case 'loadmodule':
        this.#modules.add((words(args)[0] ?? '').toLowerCase());
        break;
      default:
        (parent?.children ?? this.roots).push({ name, args, place, parent, children: undefined });
    }
  }

  #include(name: string, args: string, parent: Section | undefined, place: Place, depth: number): void {
    const [pattern = '', ...more] = words(args);
    const { problems, files } = this.#options;
    if (this.#includesNoMore) return;
    if (pattern === '' || more.length > 0) {
      problems.error(
        place,
        'LSAPI_ERR_DIRECTIVE_ARGUMENT',
        `${name} takes one argument, Name of the config file to be included`,
        `Write ${name} FILE; quote a name with blanks.`,
      );
    } else if (depth >= MOST_INCLUDES) {
      this.#includesNoMore = true;
      problems.error(
        place,
        'LSAPI_ERR_DIRECTIVE_FILE',
        `Exceeded the maximum include directory nesting level of ${MOST_INCLUDES}`,
        'You have probably a recursion somewhere: a file that includes itself.',
      );
    } else {
      const optional = name.toLowerCase() === 'includeoptional';
      const path = pattern.startsWith('/') ? pattern : `${this.serverRoot ?? ''}/${pattern}`;
      const found = filesOfInclude(path, files);
      if (typeof found === 'string') {
        if (!optional) {
          const remedy = 'Check the path, or write IncludeOptional if it may be missing.';
          problems.error(place, 'LSAPI_ERR_DIRECTIVE_FILE', found, remedy);
        }
        return;
      }
      for (const file of found) this.#readFile(file, place, parent, depth + 1);
    }
  }

  /** Whether the contents of a conditional section count; `undefined` for other sections. */
  #condition(name: string, args: string): boolean | undefined {
    const argument = takeWord(args.replace(/^!\s*/, '')).word;
    const negative = args.startsWith('!');
    switch (name) {
      case '<ifdefine':
        return this.#defined.has(argument) !== negative;
      case '<ifmodule':
        return isModulePresent(argument, this.#modules) !== negative;
      case '<iffile':
        return this.#isReadable(argument) !== negative;
      case '<ifdirective':
      case '<ifsection':
      case '<ifversion':
        return !negative;
      default:
        return undefined;
    }
  }

  #isReadable(path: string): boolean {
    try {
      this.#options.files.read(path.startsWith('/') ? path : `${this.serverRoot ?? ''}/${path}`);
      return true;
    } catch {
      return false;
    }
  }

  #substituted(text: string, place: Place, skipped: boolean): string {
    const valueOf = (name: string) => this.#defined.get(name) ?? this.#options.environ[name];
    return substituteVariables(text, valueOf, (name) => {
      if (skipped) return;
      const near = closestMatch(name, [...this.#defined.keys()].slice(0, MOST_COMPARED));
      this.#options.problems.warning(
        place,
        'LSAPI_ERR_DIRECTIVE_ARGUMENT',
        `Config variable \${${name}} is not defined`,
        near === undefined ? `Write Define ${name} VALUE before it.` : `Did you mean \${${near}}?`,
      );
    });
  }

  #sectionError(place: Place, message: string, remedy: string): void {
    this.#options.problems.error(place, 'LSAPI_ERR_DIRECTIVE_SECTION', message, remedy);
  }
}

interface OpenSection {
  readonly name: string;
  /** Where directives inside belong: for conditional sections the one around them. */
  readonly section: Section | undefined;
  readonly skipped: boolean;
  readonly place: Place;
}

const FILE_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'No such file or directory',
  EACCES: 'Permission denied',
  EISDIR: 'Is a directory',
  ENOTDIR: 'Not a directory',
};
