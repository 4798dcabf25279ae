/** Gives the text of what an expression looks at. */
export interface ExpressionValues {
  /** `%{NAME}`, `%{HTTP:name}`, `%{ENV:name}`: kind `''`, `http` or `env`. */
  value(kind: string, name: string): string;
}

/** A compiled `<If>` condition. */
export type Expression = (values: ExpressionValues) => boolean;

type Text = (values: ExpressionValues) => string;

/** An expression that is wrong, or beyond what is read here. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
}

/** Compiles a regular expression with flags; so that this file needs no engine of its own. */
export type CompilePattern = (source: string, ignoreCase: boolean) => { test(text: string): boolean };

/**
 * The part of Apache's expressions that conditions on requests are written in: `==`, `!=`, `<` … `>=`, `-eq` … `-ge`,
 * `=~`, `!~`, `-n`, `-z`, `in { … }`, `!`, `&&`, `||`, parentheses, `true`, `false`, quoted strings with
 * `%{VARIABLE}`, and the functions `tolower`, `toupper`, `req`/`http`, `reqenv`/`env`.
 *
 * @throws ExpressionError for anything else
 */
export function parseExpression(text: string, compile: CompilePattern): Expression {
  return new ExpressionParser(text, compile).parse();
}

/** How many parentheses, functions and `!` there may be around something. */
const DEEPEST_NESTING = 250;

class ExpressionParser {
  readonly #text: string;
  readonly #compile: CompilePattern;
  #at = 0;
  #depth = 0;

  constructor(text: string, compile: CompilePattern) {
    this.#text = text;
    this.#compile = compile;
  }

  parse(): Expression {
    const expression = this.#or();
    this.#blanks();
    if (this.#at < this.#text.length) this.#fail();
    return expression;
  }

  #or(): Expression {
    const terms = [this.#and()];
    while (this.#take(/\|\|/y)) terms.push(this.#and());
    return (values) => terms.some((term) => term(values));
  }

  #and(): Expression {
    const terms = [this.#not()];
    while (this.#take(/&&/y)) terms.push(this.#not());
    return (values) => terms.every((term) => term(values));
  }

  #not(): Expression {
    if (this.#take(/!(?![=~])/y)) {
      const inner = this.#nested(() => this.#not());
      return (values) => !inner(values);
    }
    if (this.#take(/\(/y)) {
      const inner = this.#nested(() => this.#or());
      if (!this.#take(/\)/y)) this.#fail();
      return inner;
    }
    const constant = this.#take(/(true|false)\b/y)?.[1];
    if (constant !== undefined) return () => constant === 'true';
    const unary = this.#take(/-([nz])\s/y)?.[1];
    if (unary !== undefined) {
      const word = this.#word();
      return (values) => (word(values) === '') === (unary === 'z');
    }
    return this.#comparison();
  }

  #comparison(): Expression {
    const left = this.#word();
    const matching = this.#take(/([=!])~/y)?.[1];
    if (matching !== undefined) {
      const [, slashed, hashed, flags = ''] =
        this.#take(/(?:\/((?:\\.|[^/\\])*)\/|m#([^#]*)#)([ims]*)/y) ?? [];
      const source = slashed?.replaceAll('\\/', '/') ?? hashed;
      if (source === undefined) this.#fail();
      const pattern = this.#compile(source, flags.includes('i'));
      return (values) => pattern.test(left(values)) === (matching === '=');
    }
    if (this.#take(/(?:-in|in)\s*\{/y)) {
      const choices = [this.#word()];
      while (this.#take(/,/y)) choices.push(this.#word());
      if (!this.#take(/\}/y)) this.#fail();
      return (values) => choices.some((choice) => choice(values) === left(values));
    }
    const operator = this.#take(/(==|=|!=|<=|>=|<|>|-?(?:eq|ne|lt|le|gt|ge)\b)/y)?.[1];
    const compare = operator === undefined ? undefined : COMPARISONS[operator.replace(/^-/, '')];
    if (compare === undefined) this.#fail();
    const numeric = /[a-z]/.test(operator ?? '');
    const right = this.#word();
    return (values) => {
      const one = left(values);
      const other = right(values);
      return compare(
        numeric ? Math.trunc(Number(one) || 0) - Math.trunc(Number(other) || 0) : order(one, other),
      );
    };
  }

  #word(): Text {
    const quoted = this.#take(/'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)"/y);
    if (quoted !== undefined) return interpolated((quoted[1] ?? quoted[2] ?? '').replace(/\\(.)/g, '$1'));
    const variable = this.#take(/%\{(?:([A-Za-z]+):)?([^}]+)\}/y);
    if (variable !== undefined) return valueOf(variable[1], variable[2] ?? '');
    const number = this.#take(/\d+/y)?.[0];
    if (number !== undefined) return () => number;
    const name = this.#take(/([A-Za-z]+)\s*\(/y)?.[1]?.toLowerCase();
    if (name === undefined) this.#fail();
    const argument = this.#nested(() => this.#word());
    if (!this.#take(/\)/y)) this.#fail();
    const apply = FUNCTIONS.get(name);
    if (apply === undefined) throw new ExpressionError(`the function ${name}() is not supported`);
    return (values) => apply(argument(values), values);
  }

  /** Reads what is one level deeper: each takes stack. */
  #nested<T>(read: () => T): T {
    if (++this.#depth > DEEPEST_NESTING) throw new ExpressionError('it is too deeply nested');
    const inner = read();
    this.#depth--;
    return inner;
  }

  #take(expression: RegExp): RegExpExecArray | undefined {
    this.#blanks();
    expression.lastIndex = this.#at;
    const found = expression.exec(this.#text) ?? undefined;
    this.#at += found?.[0].length ?? 0;
    return found;
  }

  #blanks(): void {
    while (/\s/.test(this.#text.charAt(this.#at))) this.#at++;
  }

  #fail(): never {
    throw new ExpressionError(`not understood from offset ${this.#at} on`);
  }
}

const COMPARISONS: Readonly<Record<string, (order: number) => boolean>> = {
  '==': (order) => order === 0,
  '=': (order) => order === 0,
  '!=': (order) => order !== 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
  eq: (order) => order === 0,
  ne: (order) => order !== 0,
  lt: (order) => order < 0,
  le: (order) => order <= 0,
  gt: (order) => order > 0,
  ge: (order) => order >= 0,
};

type TextFunction = (argument: string, values: ExpressionValues) => string;

const FUNCTIONS: ReadonlyMap<string, TextFunction> = new Map<string, TextFunction>([
  ['tolower', (argument) => argument.toLowerCase()],
  ['toupper', (argument) => argument.toUpperCase()],
  ['req', (argument, values) => values.value('http', argument)],
  ['http', (argument, values) => values.value('http', argument)],
  ['env', (argument, values) => values.value('env', argument)],
  ['reqenv', (argument, values) => values.value('env', argument)],
]);

function interpolated(text: string): Text {
  const parts = text.split(/%\{(?:([A-Za-z]+):)?([^}]+)\}/);
  if (parts.length === 1) return () => text;
  const texts: Text[] = [];
  for (let at = 0; at < parts.length; at += 3) {
    const literal = parts[at] ?? '';
    texts.push(() => literal);
    const name = parts[at + 2];
    if (name !== undefined) texts.push(valueOf(parts[at + 1], name));
  }
  return (values) => texts.map((part) => part(values)).join('');
}

function valueOf(kind: string | undefined, name: string): Text {
  const wanted = (kind ?? '').toLowerCase();
  return (values) => values.value(wanted, name);
}

function order(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
