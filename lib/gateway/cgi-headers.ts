/**
 * Largest header section in RESP_STREAM (`maxDynRespHeaderSize` of OpenLiteSpeed, 32768 by default; the recorded
 * server had 65536).
 */
export const MAX_CGI_HEADER = 65_536;

const LF = 0x0a;
const CR = 0x0d;

/**
 * Reads header lines out of body bytes: what OpenLiteSpeed does with RESP_STREAM as long as no header section is
 * complete (lsapi-protocol §2.1, "CGI-style fallback"). Lines end in LF or CRLF, an empty line ends the section.
 */
export class CgiHeaderParser {
  readonly #lines: string[] = [];
  #partial: Buffer[] = [];
  #size = 0;

  /**
   * Takes bytes.
   *
   * @returns What follows the section (the start of the body, possibly empty) once its end was found, until then
   * `undefined`.
   */
  push(chunk: Buffer): Buffer | undefined {
    let start = 0;
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, start)) {
      const line = this.#take(chunk.subarray(start, end));
      start = end + 1;
      if (line === '') return chunk.subarray(start);
      this.#lines.push(line);
    }
    this.#partial.push(chunk.subarray(start));
    this.#size += chunk.length;
    return undefined;
  }

  /** The lines so far, in order. A first line `HTTP/1.x NNN` has become a `Status:` line. */
  get lines(): readonly string[] {
    const statusLine = /^HTTP\/\d(?:\.\d)? +(\d{3}.*)$/i.exec(this.#lines[0] ?? '');
    return statusLine === null ? this.#lines : [`Status: ${statusLine[1]}`, ...this.#lines.slice(1)];
  }

  /** Whether the section grew too long to be one. */
  get overflown(): boolean {
    return this.#size > MAX_CGI_HEADER;
  }

  #take(end: Buffer): string {
    const bytes = this.#partial.length === 0 ? end : Buffer.concat([...this.#partial, end]);
    this.#partial = [];
    const length = bytes.length > 0 && bytes[bytes.length - 1] === CR ? bytes.length - 1 : bytes.length;
    return bytes.toString('latin1', 0, length);
  }
}
