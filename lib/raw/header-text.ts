import type { RawHeaders } from './raw-response.js';

/** Headers as lines `Name: value`, each ended by LF, and how many they are. Checked by the native side. */
export interface HeaderText {
  readonly text: string;
  readonly count: number;
}

const NONE: HeaderText = { text: '', count: 0 };

type Plain = Readonly<Record<string, string | number | readonly string[]>>;

/** What an object that was given again has had in it, in order. */
interface Remembered extends HeaderText {
  readonly headers: Plain;
  readonly names: readonly string[];
  readonly values: readonly unknown[];
}

/**
 * The object that was given last, if it was given twice in a row: many handlers answer with the same one each time. To see
 * whether it has changed meanwhile is cheaper than to put its text together again.
 */
let remembered: Remembered | undefined;
let givenBefore: Plain | undefined;

/** The lines for headers in any of their forms. */
export function toHeaderText(headers: RawHeaders | null | undefined): HeaderText {
  if (!headers) return NONE;
  if (isIterable(headers)) return ofPairs(headers);
  if (remembered !== undefined && remembered.headers === headers && isUnchanged(remembered))
    return remembered;
  const result = ofObject(headers);
  if (headers === givenBefore) remembered = remember(headers, result);
  givenBefore = headers;
  return result;
}

function isIterable(headers: RawHeaders): headers is Extract<RawHeaders, Iterable<unknown>> {
  return Symbol.iterator in headers;
}

function ofPairs(headers: Iterable<readonly [string, string | number]>): HeaderText {
  let text = '';
  let count = 0;
  for (const [name, value] of headers) {
    text += `${name}: ${value}\n`;
    count++;
  }
  return { text, count };
}

function ofObject(headers: Plain): HeaderText {
  let text = '';
  let count = 0;
  for (const name in headers) {
    const value = headers[name];
    if (typeof value === 'object') {
      for (const item of value) {
        text += `${name}: ${item}\n`;
        count++;
      }
    } else if (value !== undefined) {
      text += `${name}: ${value}\n`;
      count++;
    }
  }
  return { text, count };
}

/** undefined where a value is an array or object, which can change and stay the same to `===`. */
function remember(headers: Plain, { text, count }: HeaderText): Remembered | undefined {
  const names: string[] = [];
  const values: unknown[] = [];
  for (const name in headers) {
    const value: unknown = headers[name];
    if (typeof value !== 'string' && typeof value !== 'number') return undefined;
    names.push(name);
    values.push(value);
  }
  return { text, count, headers, names, values };
}

function isUnchanged({ headers, names, values }: Remembered): boolean {
  let index = 0;
  for (const name in headers) {
    if (name !== names[index] || headers[name] !== values[index]) return false;
    index++;
  }
  return index === names.length;
}
