// multipart/form-data, streamed: a file is whatever an iterable yields.

export interface Part {
  readonly field: string;
  readonly file?: string;
  readonly type?: string;
  readonly content: string | Uint8Array | Iterable<Uint8Array>;
}

const BOUNDARY = '----lsapi-test-8x3q2vYH';
export const MULTIPART_TYPE = `multipart/form-data; boundary=${BOUNDARY}`;

export function* multipartBytes(parts: readonly Part[]): Generator<Uint8Array> {
  for (const { field, file, type, content } of parts) {
    const name = file === undefined ? '' : `; filename="${file}"`;
    const line = type === undefined ? '' : `Content-Type: ${type}\r\n`;
    yield Buffer.from(
      `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${field}"${name}\r\n${line}\r\n`,
    );
    if (typeof content === 'string') yield Buffer.from(content);
    else if (content instanceof Uint8Array) yield content;
    else yield* content;
    yield Buffer.from('\r\n');
  }
  yield Buffer.from(`--${BOUNDARY}--\r\n`);
}
