// multipart/form-data as browsers send it: with a Content-Length. The files are streamed.
import type { Call } from './client.js';

export interface Part {
  readonly field: string;
  readonly file?: string;
  readonly type?: string;
  /** Bytes of a known number may come from an iterable. */
  readonly content: string | Uint8Array | { readonly length: number; readonly bytes: Iterable<Uint8Array> };
}

const BOUNDARY = '----lsapi-test-8x3q2vYH';
const END = Buffer.from(`--${BOUNDARY}--\r\n`);

/** Headers and body of a form. */
export function multipart(parts: readonly Part[]): Required<Pick<Call, 'headers' | 'body'>> {
  const encoded = parts.map(({ field, file, type, content }) => {
    const name = file === undefined ? '' : `; filename="${file}"`;
    const line = type === undefined ? '' : `Content-Type: ${type}\r\n`;
    return {
      head: Buffer.from(
        `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${field}"${name}\r\n${line}\r\n`,
      ),
      content: typeof content === 'string' ? Buffer.from(content) : content,
    };
  });
  const length = encoded.reduce((sum, part) => sum + part.head.length + part.content.length + 2, END.length);
  return {
    headers: { 'Content-Type': `multipart/form-data; boundary=${BOUNDARY}`, 'Content-Length': length },
    body: bytesOf(encoded),
  };
}

function* bytesOf(
  parts: readonly { head: Buffer; content: Exclude<Part['content'], string> }[],
): Generator<Uint8Array> {
  for (const { head, content } of parts) {
    yield head;
    if (content instanceof Uint8Array) yield content;
    else yield* content.bytes;
    yield Buffer.from('\r\n');
  }
  yield END;
}
