import { readClass } from './character-class.js';
import { characterEscape, PatternReader } from './reader.js';
import { ANY, complement, ESCAPED_SETS, NO_NEWLINE, setOf, singleton, withBothCases } from './sets.js';
import type { GroupName, Node, Position, RepeatMode, Syntax } from './syntax.js';

/** What `(?imsxnU)` switches; the start is how Apache compiles: `.` matches newlines, too. */
interface Flags {
  readonly i: boolean;
  readonly m: boolean;
  readonly s: boolean;
  readonly x: boolean;
  readonly n: boolean;
  readonly U: boolean;
}

const INITIAL: Flags = { i: false, m: false, s: true, x: false, n: false, U: false };
const EMPTY: Node = { type: 'sequence', parts: [] };
const LARGEST_COUNT = 65_535;
/** PCRE's own limit, for the same reason: each level takes stack. */
const DEEPEST_NESTING = 250;

/**
 * Takes a Perl-compatible expression apart, as PCRE2 10.42 reads it for Apache: bytes, `.` matches a newline, `$`
 * only the very end.
 *
 * @throws PatternError if PCRE would refuse it, and for what is left out: Unicode properties and modes, verbs other
 *   than `(*FAIL)`, callouts
 */
export function parsePattern(pattern: string): Syntax {
  return new PatternParser(pattern).parse();
}

class PatternParser {
  readonly #reader: PatternReader;
  readonly #groupCount: number;
  readonly #names = new Map<string, number[]>();
  readonly #references: GroupName[] = [];
  #groups = 0;
  #flags = INITIAL;
  #depth = 0;

  constructor(pattern: string) {
    this.#reader = new PatternReader(pattern);
    this.#groupCount = countGroups(pattern);
  }

  parse(): Syntax {
    const root = this.#choice();
    if (!this.#reader.done) this.#reader.fail('unmatched closing parenthesis');
    for (const reference of this.#references) {
      const known = typeof reference === 'number' ? reference <= this.#groups : this.#names.has(reference);
      if (!known) this.#reader.fail(`reference to non-existent subpattern ${reference}`);
    }
    return { root, groups: this.#groups, names: this.#names };
  }

  /** Alternatives up to `)` or the end. Flags that are set inside end with it. */
  #choice(resetGroups = false): Node {
    if (++this.#depth > DEEPEST_NESTING + 1) this.#reader.fail('parentheses are too deeply nested');
    const outer = this.#flags;
    const first = this.#groups;
    let most = first;
    const branches: Node[] = [];
    do {
      if (resetGroups) this.#groups = first;
      branches.push(this.#sequence());
      most = Math.max(most, this.#groups);
    } while (this.#reader.take('|'));
    this.#groups = most;
    this.#flags = outer;
    this.#depth--;
    return branches.length === 1 ? (branches[0] ?? EMPTY) : { type: 'choice', branches };
  }

  #sequence(): Node {
    const parts: Node[] = [];
    let repeatable = false;
    for (;;) {
      this.#skipComments();
      const reader: PatternReader = this.#reader;
      const next = reader.peek();
      if (next === '' || next === '|' || next === ')') break;
      const quantifier = this.#quantifier();
      if (quantifier !== undefined) {
        const body = repeatable ? parts.pop() : undefined;
        if (body === undefined) reader.fail('quantifier does not follow a repeatable item');
        parts.push({ type: 'repeat', body, ...quantifier });
        repeatable = false;
        continue;
      }
      const quoted = reader.match(/\\Q([^]*?)(?:\\E|$)/y)?.[1];
      if (quoted !== undefined) {
        for (const character of quoted) parts.push(this.#literal(character.charCodeAt(0)));
        repeatable ||= quoted !== '';
        continue;
      }
      if (reader.take('\\E')) continue;
      const part = this.#atom();
      if (part !== undefined) parts.push(part);
      repeatable = part !== undefined;
    }
    return parts.length === 1 ? (parts[0] ?? EMPTY) : { type: 'sequence', parts };
  }

  #skipComments(): void {
    const reader: PatternReader = this.#reader;
    for (;;) {
      if (reader.take('(?#')) {
        if (reader.match(/[^)]*\)/y) === undefined) reader.fail('missing ) after (?# comment');
      } else if (!this.#flags.x || reader.match(/[\t-\r ]+|#[^\n]*\n?/y) === undefined) return;
    }
  }

  #quantifier(): { min: number; max: number; mode: RepeatMode } | undefined {
    const reader: PatternReader = this.#reader;
    let min = 0;
    let max = Infinity;
    const counted = reader.match(/\{(\d+)(,?)(\d*)\}/y);
    if (counted !== undefined) {
      min = Number(counted[1]);
      max = counted[2] === '' ? min : counted[3] === '' ? Infinity : Number(counted[3]);
      if (min > LARGEST_COUNT || (max > LARGEST_COUNT && max !== Infinity))
        reader.fail('number too big in {} quantifier');
      if (max < min) reader.fail('numbers out of order in {} quantifier');
    } else if (reader.take('+')) min = 1;
    else if (reader.take('?')) max = 1;
    else if (!reader.take('*')) return undefined;
    if (reader.take('+')) return { min, max, mode: 'possessive' };
    return { min, max, mode: reader.take('?') !== this.#flags.U ? 'lazy' : 'greedy' };
  }

  /** The next item; `undefined` for one that only switches flags. */
  #atom(): Node | undefined {
    const reader: PatternReader = this.#reader;
    const character = reader.next();
    switch (character) {
      case '(':
        return this.#group();
      case '[':
        return { type: 'set', set: readClass(reader, this.#flags.i) };
      case '.':
        return { type: 'set', set: this.#flags.s ? ANY : NO_NEWLINE };
      case '^':
        return { type: 'position', at: this.#flags.m ? 'line-start' : 'start' };
      case '$':
        return { type: 'position', at: this.#flags.m ? 'line-end' : 'end' };
      case '\\':
        return this.#escape();
      default:
        return this.#literal(character.charCodeAt(0));
    }
  }

  #literal(byte: number): Node {
    const set = singleton(byte);
    return { type: 'set', set: this.#flags.i ? withBothCases(set) : set };
  }

  #escape(): Node {
    const reader: PatternReader = this.#reader;
    const letter = reader.peek();
    const set = ESCAPED_SETS[letter.toLowerCase()];
    if (set !== undefined) {
      reader.at++;
      return { type: 'set', set: letter === letter.toLowerCase() ? set : complement(set) };
    }
    const position = POSITIONS[letter];
    if (position !== undefined) {
      reader.at++;
      return { type: 'position', at: position };
    }
    if (reader.take('N') || reader.take('C')) return { type: 'set', set: letter === 'N' ? NO_NEWLINE : ANY };
    if (reader.take('R')) return ANY_NEWLINE;
    if (reader.take('K')) return { type: 'keep' };
    return this.#referenceEscape() ?? this.#characterEscape(letter);
  }

  #characterEscape(letter: string): Node {
    const byte = characterEscape(this.#reader);
    if (byte === undefined) this.#reader.fail(`unrecognized or unsupported character follows \\: ${letter}`);
    return this.#literal(byte);
  }

  #referenceEscape(): Node | undefined {
    const reader: PatternReader = this.#reader;
    const digits = /[1-9]\d*/y;
    const start = reader.at;
    const number = reader.match(digits)?.[0];
    if (number !== undefined) {
      if (Number(number) < 10 || Number(number) <= this.#groupCount) return this.#reference(Number(number));
      reader.at = start;
      const octal = reader.match(/[0-7]{1,3}/y)?.[0];
      return this.#literal(octal === undefined ? reader.next().charCodeAt(0) : parseInt(octal, 8) & 255);
    }
    const call = reader.match(/g(?:<([^>]+)>|'([^']+)')/y);
    if (call !== undefined) return this.#call(call[1] ?? call[2] ?? '');
    const reference = reader.match(/g(?:\{([^}]+)\}|([+-]?\d+))|k(?:\{(\w+)\}|<(\w+)>|'(\w+)')/y);
    if (reference === undefined) return undefined;
    return this.#reference(this.#groupName(reference.slice(1).find((text) => text !== undefined) ?? ''));
  }

  #group(): Node | undefined {
    const reader: PatternReader = this.#reader;
    if (reader.take('*')) {
      if (reader.match(/(?:FAIL|F)\)/y) !== undefined) return { type: 'fail' };
      reader.fail('verbs are not supported');
    }
    if (!reader.take('?')) return this.#flags.n ? this.#closed(this.#choice()) : this.#capture(undefined);

    const name = reader.match(/(?:P?<|')([A-Za-z_]\w*)[>']/y)?.[1];
    if (name !== undefined) return this.#capture(name);
    for (const [token, behind, negative] of LOOKS) {
      if (reader.take(token)) return { type: 'look', behind, negative, body: this.#closed(this.#choice()) };
    }
    if (reader.take('>')) return { type: 'atomic', body: this.#closed(this.#choice()) };
    if (reader.take(':')) return this.#closed(this.#choice());
    if (reader.take('|')) return this.#closed(this.#choice(true));
    if (reader.take('(')) return this.#condition();

    const reference = reader.match(/P=(\w+)\)/y)?.[1];
    if (reference !== undefined) return this.#reference(reference);
    const call = reader.match(/(R|[+-]?\d+|&\w+|P>\w+)\)/y)?.[1];
    if (call !== undefined) return this.#call(call === 'R' ? '0' : call.replace(/^(?:&|P>)/, ''));
    return this.#options();
  }

  #capture(name: string | undefined): Node {
    const index = ++this.#groups;
    if (name !== undefined) this.#names.set(name, [...(this.#names.get(name) ?? []), index]);
    return { type: 'capture', index, body: this.#closed(this.#choice()) };
  }

  #closed(body: Node): Node {
    if (!this.#reader.take(')')) this.#reader.fail('missing closing parenthesis');
    return body;
  }

  /** `(?(test)yes|no)`, behind its second parenthesis. */
  #condition(): Node {
    const reader: PatternReader = this.#reader;
    let test: Node | GroupName;
    const group = reader.match(/(?:([+-]?\d+)|<(\w+)>|'(\w+)'|(\w+))\)/y);
    if (group !== undefined) {
      const named = group.slice(1).find((text) => text !== undefined) ?? '';
      if (named === 'DEFINE') test = { type: 'fail' };
      else {
        test = this.#groupName(named);
        this.#references.push(test);
      }
    } else {
      const look = reader.peek() === '?' ? this.#group() : undefined;
      if (look?.type !== 'look') reader.fail('assertion expected after (?(');
      test = look;
    }
    const body = this.#closed(this.#choice());
    if (body.type !== 'choice') return { type: 'condition', test, yes: body, no: EMPTY };
    const [yes, no, ...others] = body.branches;
    if (others.length > 0) reader.fail('conditional subpattern contains more than two branches');
    return { type: 'condition', test, yes: yes ?? EMPTY, no: no ?? EMPTY };
  }

  /** `(?i-s)` for the rest of the group, or `(?i:…)`. */
  #options(): Node | undefined {
    const reader: PatternReader = this.#reader;
    const switches = reader.match(/(\^?)([imsxnUJ]*)(?:-([imsxnUJ]*))?([:)])/y);
    if (switches === undefined) reader.fail('unrecognized character after (? or (?-');
    const [, unset, on = '', off = '', end] = switches;
    const outer = this.#flags;
    const flags: Record<string, boolean> = unset === '^' ? { ...INITIAL, s: false } : { ...outer };
    for (const letter of on) flags[letter] = true;
    for (const letter of off) flags[letter] = false;
    this.#flags = flags as unknown as Flags;
    if (end === ')') return undefined;
    const body = this.#closed(this.#choice());
    this.#flags = outer;
    return body;
  }

  #reference(group: GroupName): Node {
    this.#references.push(group);
    return { type: 'reference', group, ignoreCase: this.#flags.i };
  }

  #call(text: string): Node {
    const group = this.#groupName(text);
    this.#references.push(group);
    return { type: 'call', group };
  }

  /** A group by absolute number, by one relative to here, or by name. */
  #groupName(text: string): GroupName {
    if (!/^[+-]?\d+$/.test(text)) return text;
    const number = Number(text);
    if (text.startsWith('-')) return this.#groups + 1 + number;
    return text.startsWith('+') ? this.#groups + number : number;
  }
}

const LOOKS: readonly (readonly [token: string, behind: boolean, negative: boolean])[] = [
  ['=', false, false],
  ['!', false, true],
  ['<=', true, false],
  ['<!', true, true],
];

const POSITIONS: Readonly<Record<string, Position>> = {
  A: 'start',
  z: 'end',
  Z: 'end-or-last-newline',
  b: 'word-boundary',
  B: 'no-word-boundary',
  G: 'start',
};

/** `\R`: a line break of any kind, CR LF undivided. */
const ANY_NEWLINE: Node = {
  type: 'atomic',
  body: {
    type: 'choice',
    branches: [
      {
        type: 'sequence',
        parts: [
          { type: 'set', set: singleton(13) },
          { type: 'set', set: singleton(10) },
        ],
      },
      { type: 'set', set: setOf((byte) => (byte >= 10 && byte <= 13) || byte === 0x85) },
    ],
  },
};

/** How many capturing groups there are: whether `\12` is a reference depends on it. */
function countGroups(pattern: string): number {
  let count = 0;
  const tokens =
    /\\Q[^]*?(?:\\E|$)|\\[^]|\[\^?\]?(?:\\[^]|\[:\w+:\]|[^\]\\])*\]|\((?!\?|\*)|\(\?(?:P?<(?![=!])|')/g;
  for (const [token] of pattern.matchAll(tokens)) if (token.startsWith('(')) count++;
  return count;
}
