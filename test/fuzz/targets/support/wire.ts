import { Socket } from 'node:net';

type WriteCallback = (error?: Error | null) => void;

/** A socket without a kernel: what is written to it is handed over, what the other side says is given to {@link hear}. */
export class Wire extends Socket {
  readonly #onWritten: (chunk: Buffer) => void;
  /** Whether the one who holds the socket has ended it. */
  ended = false;

  /** @param onWritten gets what is written, at once */
  constructor(onWritten: (chunk: Buffer) => void) {
    super();
    this.#onWritten = onWritten;
  }

  /** The other side sends; `undefined`: it closes its end. */
  hear(bytes: Uint8Array | undefined): void {
    if (!this.destroyed && !this.readableEnded) this.push(bytes ?? null);
  }

  override _read(): void {
    // What there is was pushed.
  }

  override _write(chunk: Buffer | string, encoding: BufferEncoding, callback: WriteCallback): void {
    this.#onWritten(bytesOf(chunk, encoding));
    callback();
  }

  override _writev(
    chunks: { chunk: Buffer | string; encoding: BufferEncoding }[],
    callback: WriteCallback,
  ): void {
    this.#onWritten(Buffer.concat(chunks.map(({ chunk, encoding }) => bytesOf(chunk, encoding))));
    callback();
  }

  override _final(callback: WriteCallback): void {
    this.ended = true;
    callback();
  }
}

/** Sockets get text as it was written. */
function bytesOf(chunk: Buffer | string, encoding: BufferEncoding): Buffer {
  return typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk;
}
