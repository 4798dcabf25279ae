import { inspect } from 'node:util';
import { LsapiError } from '../errors.js';

/** `wsgi.errors`: text for the server's log. Nothing is kept back, so there is nothing to flush. */
export class WsgiErrors {
  readonly #write: (text: string) => void;

  /** @internal */
  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** Writes text as it is; a line ends with `\n`. */
  write(text: string): void {
    if (typeof text !== 'string') {
      throw new LsapiError(
        'LSAPI_ERR_WSGI_INPUT',
        `environ['wsgi.errors'].write() takes a string, not ${inspect(text, { depth: 0 })}.`,
      );
    }
    this.#write(text);
  }

  /** Writes several texts one after the other; nothing is put between them. */
  writelines(lines: Iterable<string>): void {
    for (const line of lines) this.write(line);
  }

  /** There because PEP 3333 has it: everything is written already. */
  flush(): void {}
}

/** The one of the process: to stderr, as `console.error()`, which the web server keeps as its log. */
export const processErrors = new WsgiErrors((text) => void process.stderr.write(text));
