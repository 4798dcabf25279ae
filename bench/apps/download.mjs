// 100 MB in parts of 64 KiB.
const PART = Buffer.alloc(65536, 'x');
export const BYTES = 100_000_000;

export function* parts() {
  let left = BYTES;
  for (; left >= PART.length; left -= PART.length) yield PART;
  if (left > 0) yield PART.subarray(0, left);
}
