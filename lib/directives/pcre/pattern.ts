import { parsePattern } from './parse.js';
import { complement, WORD } from './sets.js';
import { PatternError, type GroupName, type Node, type Position, type Syntax } from './syntax.js';

export { PatternError } from './syntax.js';

/** What an expression found. */
export interface PatternMatch {
  /** Offset at which it begins; behind `\K` if there is one. */
  readonly start: number;
  /** Offset behind its last byte. */
  readonly end: number;
  /** The whole match and the groups; `undefined` for those that took no part. */
  readonly groups: readonly (string | undefined)[];
}

/**
 * A Perl-compatible expression over bytes, searched for in text of one character a byte as Apache does. JavaScript's
 * own expressions lack a good part of the syntax (possessive and atomic groups, recursion, `\K`, POSIX classes, flags
 * in the middle) and read another part differently, so this is an implementation of its own: it backtracks, and gives
 * up after {@link Pattern.limit} steps, as PCRE does at its match limit; what is given up does not match.
 */
export class Pattern {
  /** How many steps a search may take. */
  static readonly limit = 1_000_000;

  readonly source: string;
  readonly #program: Program;

  /** @throws PatternError if the expression cannot be compiled */
  constructor(source: string, { ignoreCase = false } = {}) {
    this.source = source;
    this.#program = compile(parsePattern(ignoreCase ? `(?i)${source}` : source));
  }

  /** The leftmost match in `text`; `undefined` if there is none. */
  exec(text: string): PatternMatch | undefined {
    const run: Run = { text, captures: [], keptFrom: 0, steps: 0, program: this.#program };
    try {
      for (let at = 0; at <= text.length; at++) {
        run.captures = new Array<number>(2 * this.#program.groups + 2).fill(-1);
        run.keptFrom = at;
        let end = at;
        const matched = this.#program.root(run, at, (position) => {
          end = position;
          return true;
        });
        if (matched) return found(run, end);
      }
    } catch (error) {
      if (!(error instanceof MatchLimit) && !(error instanceof RangeError)) throw error;
    }
    return undefined;
  }

  test(text: string): boolean {
    return this.exec(text) !== undefined;
  }
}

/** `pattern` with options as Apache's `ap_pregsub` takes them: `$0`-`$9`, a backslash makes the next byte literal. */
export function substituteGroups(template: string, groups: readonly (string | undefined)[]): string {
  return template.replace(/\$(\d)|\\([^])/g, (_, digit: string | undefined, literal: string | undefined) =>
    digit === undefined ? (literal ?? '') : (groups[Number(digit)] ?? ''),
  );
}

class MatchLimit extends Error {}

type Next = (at: number) => boolean;
type Matcher = (run: Run, at: number, next: Next) => boolean;

interface Program {
  readonly root: Matcher;
  readonly groups: number;
  readonly names: Syntax['names'];
  /** Matchers of the groups by number, 0 the whole: for calls. */
  readonly bodies: Matcher[];
}

/** One search. `captures` holds start and end by group, -1 while unset. */
interface Run {
  readonly text: string;
  captures: number[];
  keptFrom: number;
  steps: number;
  readonly program: Program;
}

function found({ text, captures, keptFrom }: Run, end: number): PatternMatch {
  const groups: (string | undefined)[] = [text.slice(keptFrom, end)];
  for (let at = 2; at < captures.length; at += 2) {
    const start = captures[at] ?? -1;
    groups.push(start < 0 ? undefined : text.slice(start, captures[at + 1]));
  }
  return { start: keptFrom, end, groups };
}

function compile(syntax: Syntax): Program {
  const bodies: Matcher[] = [];
  const root = matcher(syntax.root, bodies);
  bodies[0] = root;
  return { root, groups: syntax.groups, names: syntax.names, bodies };
}

function count(run: Run): void {
  if (++run.steps > Pattern.limit) throw new MatchLimit();
}

function matcher(node: Node, bodies: Matcher[]): Matcher {
  switch (node.type) {
    case 'set':
      return (run, at, next) => {
        count(run);
        return at < run.text.length && node.set[run.text.charCodeAt(at)] === 1 && next(at + 1);
      };
    case 'sequence':
      return node.parts
        .map((part) => matcher(part, bodies))
        .reduceRight<Matcher>(
          (rest, first) => (run, at, next) => first(run, at, (position) => rest(run, position, next)),
          (_run, at, next) => next(at),
        );
    case 'choice': {
      const branches = node.branches.map((branch) => matcher(branch, bodies));
      return (run, at, next) => branches.some((branch) => branch(run, at, next));
    }
    case 'capture': {
      const body = matcher(node.body, bodies);
      const start = 2 * node.index;
      const capturing: Matcher = (run, at, next) =>
        body(run, at, (end) => {
          const before = run.captures;
          run.captures = before.with(start, at).with(start + 1, end);
          if (next(end)) return true;
          run.captures = before;
          return false;
        });
      bodies[node.index] ??= capturing;
      return capturing;
    }
    case 'atomic':
      return atomic(matcher(node.body, bodies));
    case 'look':
      return look(node, bodies);
    case 'repeat':
      return repeat(node, bodies);
    case 'position':
      return (run, at, next) => isAt(node.at, run.text, at) && next(at);
    case 'reference':
      return (run, at, next) => {
        const text = captured(run, node.group);
        if (text === undefined) return false;
        const here = run.text.slice(at, at + text.length);
        const same = node.ignoreCase ? lower(here) === lower(text) : here === text;
        return same && next(at + text.length);
      };
    case 'call':
      return (run, at, next) => {
        count(run);
        const body = run.program.bodies[groupNumbers(run, node.group)[0] ?? 0];
        const outer = run.captures;
        return (
          body?.(run, at, (end) => {
            // What groups captured inside is forgotten behind the call.
            const inner = run.captures;
            run.captures = outer;
            if (next(end)) return true;
            run.captures = inner;
            return false;
          }) ?? false
        );
      };
    case 'condition': {
      const yes = matcher(node.yes, bodies);
      const no = matcher(node.no, bodies);
      const { test } = node;
      if (typeof test !== 'object')
        return (run, at, next) => (captured(run, test) === undefined ? no : yes)(run, at, next);
      const holds = matcher(test, bodies);
      return (run, at, next) => (holds(run, at, () => true) ? yes : no)(run, at, next);
    }
    case 'keep':
      return (run, at, next) => {
        const before = run.keptFrom;
        run.keptFrom = at;
        if (next(at)) return true;
        run.keptFrom = before;
        return false;
      };
    case 'fail':
      return () => false;
  }
}

function atomic(body: Matcher): Matcher {
  return (run, at, next) => {
    const before = run.captures;
    let end = -1;
    const took = body(run, at, (position) => {
      end = position;
      return true;
    });
    if (took && next(end)) return true;
    run.captures = before;
    return false;
  };
}

function look({ behind, negative, body }: Node & { type: 'look' }, bodies: Matcher[]): Matcher {
  const branches = behind && body.type === 'choice' ? body.branches : [body];
  const tests = branches.map((branch) => ({
    test: matcher(branch, bodies),
    width: behind ? width(branch) : 0,
  }));
  return (run, at, next) => {
    const before = run.captures;
    const holds = tests.some(
      ({ test, width: bytes }) => at >= bytes && test(run, at - bytes, (end) => !behind || end === at),
    );
    if (negative) run.captures = before;
    if (holds !== negative && next(at)) return true;
    run.captures = before;
    return false;
  };
}

function repeat({ body, min, max, mode }: Node & { type: 'repeat' }, bodies: Matcher[]): Matcher {
  if (mode === 'possessive')
    return atomic(repeat({ type: 'repeat', body, min, max, mode: 'greedy' }, bodies));
  if (body.type === 'set')
    return mode === 'greedy' ? manyBytes(body.set, min, max) : fewBytes(body.set, min, max);
  const once = matcher(body, bodies);
  const again = (run: Run, at: number, done: number, next: Next): boolean => {
    count(run);
    const more = () =>
      done < max &&
      // An iteration that takes nothing is not repeated: it would never end.
      once(run, at, (end) => (end === at && done >= min ? false : again(run, end, done + 1, next)));
    if (done < min) return more();
    return mode === 'greedy' ? more() || next(at) : next(at) || more();
  };
  return (run, at, next) => again(run, at, 0, next);
}

function manyBytes(set: Uint8Array, min: number, max: number): Matcher {
  return (run, at, next) => {
    const last = Math.min(run.text.length, at + max);
    let end = at;
    while (end < last && set[run.text.charCodeAt(end)] === 1) end++;
    for (; end >= at + min; end--) {
      count(run);
      if (next(end)) return true;
    }
    return false;
  };
}

function fewBytes(set: Uint8Array, min: number, max: number): Matcher {
  return (run, at, next) => {
    for (let end = at; end <= at + max; end++) {
      count(run);
      if (end >= at + min && next(end)) return true;
      if (end >= run.text.length || set[run.text.charCodeAt(end)] !== 1) return false;
    }
    return false;
  };
}

/** How many bytes a part takes. @throws PatternError if that varies */
function width(node: Node): number {
  switch (node.type) {
    case 'set':
      return 1;
    case 'sequence':
      return node.parts.reduce((sum, part) => sum + width(part), 0);
    case 'choice': {
      const widths = new Set(node.branches.map(width));
      const [only] = widths;
      if (widths.size === 1 && only !== undefined) return only;
      throw new PatternError('lookbehind assertion is not fixed length');
    }
    case 'capture':
    case 'atomic':
      return width(node.body);
    case 'repeat':
      if (node.min === node.max) return node.min * width(node.body);
      throw new PatternError('lookbehind assertion is not fixed length');
    case 'look':
    case 'position':
    case 'keep':
    case 'fail':
      return 0;
    default:
      throw new PatternError('lookbehind assertion is not fixed length');
  }
}

function captured(run: Run, group: GroupName): string | undefined {
  for (const number of groupNumbers(run, group)) {
    const start = run.captures[2 * number] ?? -1;
    if (start >= 0) return run.text.slice(start, run.captures[2 * number + 1]);
  }
  return undefined;
}

function groupNumbers({ program }: Run, group: GroupName): readonly number[] {
  return typeof group === 'number' ? [group] : (program.names.get(group) ?? []);
}

function lower(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

const NO_WORD = complement(WORD);

function isAt(position: Position, text: string, at: number): boolean {
  switch (position) {
    case 'start':
      return at === 0;
    case 'end':
      return at === text.length;
    case 'end-or-last-newline':
      return at === text.length || (at === text.length - 1 && text.endsWith('\n'));
    case 'line-start':
      return at === 0 || (text.charAt(at - 1) === '\n' && at < text.length);
    case 'line-end':
      return at === text.length || text.charAt(at) === '\n';
    default: {
      const before = at > 0 && NO_WORD[text.charCodeAt(at - 1)] === 0;
      const after = at < text.length && NO_WORD[text.charCodeAt(at)] === 0;
      return (before !== after) === (position === 'word-boundary');
    }
  }
}
