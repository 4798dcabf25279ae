import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

interface Line {
  readonly path: string;
  readonly latin1?: string;
}

/** The first packet of each recorded connection that is stored whole, from the copy that is part of the project. */
export function capturedPackets(root: string): Buffer[] {
  const text = gunzipSync(readFileSync(join(root, 'test/vectors/captures.ndjson.gz'))).toString('utf8');
  const packets: Buffer[] = [];
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const { path, latin1 } = JSON.parse(line) as Line;
    if (latin1 === undefined || !/^requests\/.*\/lsapi[^/]*\.bin$/.test(path)) continue;
    const bytes = Buffer.from(latin1, 'latin1');
    const length = bytes.length < 8 ? Number.NaN : bytes.readInt32LE(4);
    if (length <= bytes.length) packets.push(bytes.subarray(0, length));
  }
  return packets;
}
