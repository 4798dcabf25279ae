import { Socket } from 'node:net';

/** What a write gives when the peer has closed its end. */
const PEER_GONE: readonly unknown[] = ['EPIPE', 'ECONNRESET'];

type WriteCallback = (error?: Error | null) => void;

/**
 * A socket that goes on reading after the peer has stopped to read.
 *
 * An application may answer an upload without reading it and close. Node destroys a socket whose write fails, together
 * with the response that has arrived but was not read yet. So such a failure is not one here: what is written goes
 * nowhere, and the end of the peer's data ends the connection.
 */
export class AppSocket extends Socket {
  override _write(chunk: unknown, encoding: BufferEncoding, callback: WriteCallback): void {
    super._write(chunk, encoding, unlessPeerGone(callback));
  }

  override _writev(chunks: { chunk: unknown; encoding: BufferEncoding }[], callback: WriteCallback): void {
    super._writev?.(chunks, unlessPeerGone(callback));
  }
}

function unlessPeerGone(callback: WriteCallback): WriteCallback {
  return (error) => {
    const gone = error instanceof Error && 'code' in error && PEER_GONE.includes(error.code);
    callback(gone ? null : error);
  };
}
