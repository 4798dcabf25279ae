/*
 * Single values out of the texts with which requests are announced, without taking all of them apart: most handlers
 * want no more than the URL.
 */

/**
 * A header as RawRequest.headers has it: repetitions joined. Undefined where there is none.
 *
 * @param text - as splitPairs() reads it
 * @param name - in lower case
 */
export function headerValue(text: string, name: string): string | undefined {
  return findHeader(text, name, false);
}

/**
 * The Host header, the first one if there are several.
 *
 * @param text - as splitPairs() reads it
 */
export function hostHeader(text: string): string | undefined {
  return findHeader(text, 'host', true);
}

function findHeader(text: string, name: string, firstOnly: boolean): string | undefined {
  let found: string | undefined;
  const count = (text.charCodeAt(0) << 8) | text.charCodeAt(1);
  let at = 2;
  for (let index = 0; index < count; index += 2) {
    const begin = at + 3;
    const end = begin + sizeAt(text, at);
    const value = end + 3;
    at = value + sizeAt(text, end);
    if (end - begin !== name.length || text.slice(begin, end).toLowerCase() !== name) continue;
    const part = text.slice(value, at);
    found = found === undefined ? part : found + (name === 'cookie' ? '; ' : ', ') + part;
    if (firstOnly) break;
  }
  return found;
}

function sizeAt(text: string, at: number): number {
  return (text.charCodeAt(at) << 16) | (text.charCodeAt(at + 1) << 8) | text.charCodeAt(at + 2);
}

/**
 * Whether the client came by TLS, as isSecure() tells.
 *
 * @param list - as parseEnvironment() reads it: of a name given twice the last value counts
 */
export function isSecureText(list: string): boolean {
  let secure = false;
  let at = 0;
  for (;;) {
    const nameSize = (list.charCodeAt(at) << 8) | list.charCodeAt(at + 1);
    if (!(nameSize > 0)) return secure; // the terminator, or an empty text
    const name = at + 4;
    const value = name + nameSize;
    at = value + ((list.charCodeAt(at + 2) << 8) | list.charCodeAt(at + 3));
    // Sizes count the NULs.
    if (nameSize === 6 && list.startsWith('HTTPS', name)) {
      secure = list.slice(value, list.indexOf('\0', value)).toLowerCase() === 'on';
    }
  }
}
