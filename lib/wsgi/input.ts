import { inspect } from 'node:util';
import { LsapiError } from '../errors.js';
import type { RawRequest } from '../raw/raw-request.js';

const NEWLINE = 0x0a;

/**
 * `wsgi.input`: the request's body as Python's files are read, with promises. It ends after CONTENT_LENGTH bytes.
 * One call at a time: the next one waits for the promise of the one before.
 *
 * Reading rejects with LSAPI_ERR_REQUEST_ABORTED when the client leaves, LSAPI_ERR_BODY_TIMEOUT when it stalls, and
 * LSAPI_ERR_REQUEST_ENDED for what is left after the response has ended.
 */
export class WsgiInput {
  readonly #request: RawRequest;
  #source: AsyncIterator<Buffer> | undefined = undefined;
  /** What has arrived and was not asked for yet. */
  #parts: Buffer[] = [];
  #size = 0;
  #ended = false;

  /** @internal */
  constructor(request: RawRequest) {
    this.#request = request;
  }

  /** Reads `size` bytes, fewer only at the end; all that is left without `size` or with a negative one. */
  async read(size = -1): Promise<Buffer> {
    checkSize('read', size);
    while ((size < 0 || this.#size < size) && (await this.#more()) !== undefined);
    return this.#take(size < 0 ? this.#size : Math.min(size, this.#size));
  }

  /** Reads to the end of the line, which is part of it; at most `size` bytes. Empty at the end of the body. */
  async readline(size = -1): Promise<Buffer> {
    checkSize('readline', size);
    let searched = 0;
    for (let index = 0; ; index++) {
      const part = this.#parts[index] ?? (await this.#more());
      if (part === undefined) break;
      const newline = part.indexOf(NEWLINE);
      if (newline !== -1) {
        searched += newline + 1;
        break;
      }
      searched += part.length;
      if (size >= 0 && searched >= size) break;
    }
    return this.#take(size < 0 ? searched : Math.min(size, searched));
  }

  /** Reads lines: all, or until there are `hint` bytes of them. */
  async readlines(hint = -1): Promise<Buffer[]> {
    checkSize('readlines', hint);
    const lines: Buffer[] = [];
    for (let read = 0; hint <= 0 || read < hint;) {
      const line = await this.readline();
      if (line.length === 0) break;
      lines.push(line);
      read += line.length;
    }
    return lines;
  }

  /** The lines. */
  async *[Symbol.asyncIterator](): AsyncIterableIterator<Buffer> {
    for (let line = await this.readline(); line.length > 0; line = await this.readline()) yield line;
  }

  /** Waits for the next part; undefined at the end. */
  async #more(): Promise<Buffer | undefined> {
    if (this.#ended) return undefined;
    this.#source ??= this.#request.body;
    const part = await this.#source.next();
    if (part.done === true) {
      this.#ended = true;
      return undefined;
    }
    this.#parts.push(part.value);
    this.#size += part.value.length;
    return part.value;
  }

  #take(size: number): Buffer {
    const taken: Buffer[] = [];
    this.#size -= size;
    let left = size;
    let whole = 0;
    for (const part of this.#parts) {
      if (left < part.length) break;
      taken.push(part);
      left -= part.length;
      whole++;
    }
    this.#parts.splice(0, whole);
    const rest = this.#parts[0];
    if (left > 0 && rest !== undefined) {
      taken.push(rest.subarray(0, left));
      this.#parts[0] = rest.subarray(left);
    }
    if (taken.length === 1) return taken[0]!;
    // Not Buffer.concat(): its result may lie in memory that all of the process shares.
    const joined = Buffer.allocUnsafeSlow(size);
    let at = 0;
    for (const part of taken) at += part.copy(joined, at);
    return joined;
  }
}

function checkSize(method: string, size: unknown): void {
  if (Number.isSafeInteger(size)) return;
  throw new LsapiError(
    'LSAPI_ERR_WSGI_INPUT',
    `environ['wsgi.input'].${method}() takes a number of bytes, not ${inspect(size, { depth: 0 })}.`,
  );
}
