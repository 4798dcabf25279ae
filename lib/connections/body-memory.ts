import type { NativeConnectionSet } from '../native/binding.js';

/** Bytes that are read from the socket at once. */
const SIZE = 64 * 1024;

/** What bodies are read into. It is handed out once one read has filled all of it, never before. */
let memory = Buffer.allocUnsafeSlow(SIZE);

/**
 * Reads what has arrived of a request's body. The chunk's ArrayBuffer is as long as the chunk: apps may look at
 * `chunk.buffer` or pass it on, and must find there neither another request's bytes nor what the memory was used for before.
 *
 * @returns the chunk, or a {@link BodyRead} where there is none
 */
export function readBodyChunk(set: NativeConnectionSet, slot: number, serial: number): Buffer | number {
  const size = set.readBody(slot, serial, memory);
  if (size <= 0) return size;
  if (size === SIZE) {
    const chunk = memory;
    memory = Buffer.allocUnsafeSlow(SIZE);
    return chunk;
  }
  const chunk = Buffer.allocUnsafeSlow(size);
  memory.copy(chunk, 0, 0, size);
  return chunk;
}
