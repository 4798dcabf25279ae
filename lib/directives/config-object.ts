import { closestMatch } from '../config/closest-match.js';
import type { Place, ProblemList } from './problem.js';
import type { ArgumentError } from './script-alias.js';

/** The file that an object is from. */
export interface ObjectSource {
  readonly file: string;
  /** In which line each path into the object is; empty if the file does not tell. */
  readonly lines: ReadonlyMap<string, number>;
}

/** Reads an object of a configuration file, key by key; what is not as it should be is reported with its path. */
export class ObjectReader {
  readonly #value: Readonly<Record<string, unknown>>;
  readonly #source: ObjectSource;
  readonly #path: string;
  readonly #problems: ProblemList;

  constructor(value: unknown, source: ObjectSource, path: string, problems: ProblemList) {
    this.#source = source;
    this.#path = path;
    this.#problems = problems;
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    this.#value = isObject ? (value as Record<string, unknown>) : {};
    if (!isObject)
      this.#argument(undefined, `${path || 'The configuration'} must be an object`, 'Write { … }.');
  }

  has(key: string): boolean {
    return this.#value[key] !== undefined;
  }

  /** Reports all keys but these. */
  only(keys: readonly string[]): void {
    for (const key of Object.keys(this.#value)) {
      if (keys.includes(key)) continue;
      const meant = closestMatch(key, keys);
      this.#problems.error(
        this.place(key),
        'LSAPI_ERR_DIRECTIVE_UNKNOWN',
        `There is no setting "${key}" here`,
        meant === undefined ? `Here go ${keys.join(', ')}.` : `Did you mean "${meant}"?`,
      );
    }
  }

  /** Text that is not empty; `undefined`: not given, or reported. */
  text(key: string): string | undefined {
    const value = this.#value[key];
    if (value === undefined) return undefined;
    if (typeof value === 'string' && value !== '') return value;
    this.invalid(key, 'must be text that is not empty', 'Write it in quotes, or leave it out.');
    return undefined;
  }

  flag(key: string): boolean | undefined {
    const value = this.#value[key];
    if (value === undefined || typeof value === 'boolean') return value;
    this.invalid(key, 'must be true or false', 'Write it without quotes.');
    return undefined;
  }

  /** A list of objects; what is none is reported and left out. */
  list(key: string): ObjectReader[] {
    return this.#array(key).flatMap((item, at) => {
      const path = `${this.#pathOf(key)}[${at}]`;
      const reader = new ObjectReader(item, this.#source, path, this.#problems);
      return isObject(item) ? [reader] : [];
    });
  }

  /** A list of texts. */
  texts(key: string): string[] {
    return this.#array(key).flatMap((item, at) => {
      if (typeof item === 'string' && item !== '') return [item];
      this.invalid(`${key}[${at}]`, 'must be text that is not empty', 'Write it in quotes, or leave it out.');
      return [];
    });
  }

  /** An object with texts. */
  record(key: string): [name: string, value: string][] {
    const value = this.#value[key];
    if (value === undefined) return [];
    if (!isObject(value)) {
      this.invalid(key, 'must be an object', 'Write { "NAME": "value" }.');
      return [];
    }
    return Object.entries(value).flatMap(([name, text]): [string, string][] => {
      if (typeof text === 'string') return [[name, text]];
      this.invalid(`${key}.${name}`, 'must be text', 'Write it in quotes.');
      return [];
    });
  }

  /** The one of two keys that is given. */
  oneOf(one: string, other: string): { key: string; text: string } | undefined {
    const given = [one, other].filter((key) => this.has(key));
    const [key] = given;
    if (key === undefined || given.length > 1) {
      this.#argument(
        undefined,
        `One of "${one}" and "${other}" must be given`,
        `Write either "${one}" or "${other}".`,
      );
      return undefined;
    }
    const text = this.text(key);
    return text === undefined ? undefined : { key, text };
  }

  missing(key: string, remedy: string): void {
    this.#argument(undefined, `"${key}" is missing`, remedy);
  }

  invalid(key: string, what: string, remedy: string): void {
    this.#argument(key, `"${key}" ${what}`, remedy);
  }

  report(key: string, { code, message, remedy }: ArgumentError): void {
    this.#problems.error(this.place(key), code, message, remedy);
  }

  place(key?: string): Place {
    const path = key === undefined ? this.#path : this.#pathOf(key);
    const { file, lines } = this.#source;
    const line = lines.get(path);
    return { file, ...(line !== undefined && { line }), ...(path !== '' && { path }) };
  }

  #array(key: string): unknown[] {
    const value = this.#value[key];
    if (value === undefined) return [];
    if (Array.isArray(value)) return value;
    this.invalid(key, 'must be a list', 'Write [ … ].');
    return [];
  }

  #pathOf(key: string): string {
    return this.#path === '' ? key : `${this.#path}.${key}`;
  }

  #argument(key: string | undefined, message: string, remedy: string): void {
    this.#problems.error(this.place(key), 'LSAPI_ERR_DIRECTIVE_ARGUMENT', message, remedy);
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
