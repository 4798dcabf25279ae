import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type {
  NotForwarded,
  RecordedRequestFields,
  RecordedRequestMeta,
  RecordedResponseMeta,
  RecordedResponsePacket,
  StatusMapEntry,
} from './vector-types.js';

export type * from './vector-types.js';

/** A BEGIN_REQUEST packet of a recording. */
export interface RecordedRequest {
  /** Exactly the packet. */
  packet: Buffer;
  /** The body bytes that followed it and were stored. */
  body: Buffer;
  /** What the recorder's own decoder says about it. */
  decoded: RecordedRequestFields;
}

/** Server -> application. */
export interface RequestVector {
  id: string;
  meta: RecordedRequestMeta;
  /** Bytes of the HTTP client, one buffer a client connection. */
  http: Buffer[];
  /** Bytes that the application received, one buffer an LSAPI connection. */
  lsapi: Buffer[];
  /** All requests that are stored whole, in order, connection by connection. */
  requests: RecordedRequest[];
}

/** What an application wrote on one connection. */
export interface RecordedResponseStream {
  bytes: Buffer;
  packets: RecordedResponsePacket[];
  /** Where the recorder's decoder gave up; `undefined` if it did not. */
  undecodableFrom: number | undefined;
}

/** Application -> server -> HTTP client. */
export interface ResponseVector {
  id: string;
  meta: RecordedResponseMeta;
  /** Bytes that the HTTP client received. */
  http: Buffer;
  streams: [RecordedResponseStream, ...RecordedResponseStream[]];
}

/**
 * The request vectors, in order of their numbers. They come from the directory that `TEST_VECTORS` names, else from
 * `../shared/captures` beside the checkout, else from the packed copy in `test/vectors`.
 */
export function requestVectors(): RequestVector[] {
  return ids('requests').map((id) => {
    const dir = `requests/${id}`;
    const meta = json<RecordedRequestMeta>(`${dir}/meta.json`);
    const decoded = meta.decodedAll ?? [meta.decoded];
    const connections = [meta.lsapi, ...(meta.lsapi.more ?? [])];
    const lsapi = connections.map(({ file }) => bytes(`${dir}/${file}`));
    const http = [meta.http, ...(meta.http.more ?? [])].map(({ file }) => bytes(`${dir}/${file}`));
    const boundaries = connections.flatMap((connection, n) => {
      const packets = connection.packets ?? [
        { type: 1, offset: 0, packetLength: meta.decoded.packetLength, bodyLength: 0 },
      ];
      return packets.filter(({ type }) => type === 1).map((packet) => ({ ...packet, n }));
    });
    if (boundaries.length !== decoded.length) {
      throw new Error(`${id}: ${boundaries.length} packets, ${decoded.length} decoded`);
    }
    const requests = boundaries.flatMap(({ n, offset, packetLength, bodyLength }, at): RecordedRequest[] => {
      const stream = lsapi[n];
      const fields = decoded[at];
      if (stream === undefined || fields === undefined) throw new Error(`${id}: packet ${at} is missing`);
      const packetEnd = offset + packetLength;
      if (packetEnd > stream.length) return [];
      const body = stream.subarray(packetEnd, packetEnd + (bodyLength ?? 0));
      return [{ packet: stream.subarray(offset, packetEnd), body, decoded: fields }];
    });
    return { id, meta, http, lsapi, requests };
  });
}

/** The response vectors, in order of their numbers; see {@link requestVectors}. */
export function responseVectors(): ResponseVector[] {
  return ids('responses').map((id) => {
    const dir = `responses/${id}`;
    const meta = json<RecordedResponseMeta>(`${dir}/meta.json`);
    const { file, packets, undecodableFrom } = meta.lsapi;
    const others = (meta.lsapiOtherConnections ?? []).flatMap((other): RecordedResponseStream[] => {
      if (other.packets === undefined) return [];
      const { packets, undecodableFrom } = other;
      return [{ bytes: bytes(`${dir}/${other.file}`), packets, undecodableFrom }];
    });
    const first = { bytes: bytes(`${dir}/${file}`), packets, undecodableFrom };
    return { id, meta, http: bytes(`${dir}/http.bin`), streams: [first, ...others] };
  });
}

/** Numeric status of a response -> status line that an HTTP/1.1 client saw. */
export function statusMap(): StatusMapEntry[] {
  return json<{ map: StatusMapEntry[] }>('status-map.json').map;
}

/** HTTP requests that the server answered or dropped itself. */
export function notForwarded(): NotForwarded[] {
  return json<{ list: NotForwarded[] }>('not-forwarded.json').list;
}

/** The directory with package.json; compiled tests lie deeper than their sources. */
function packageRoot(): string {
  let dir = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(dir, 'package.json'))) {
    if (dirname(dir) === dir) throw new Error('package.json not found above the tests');
    dir = dirname(dir);
  }
  return dir;
}

let loaded: ReadonlyMap<string, Buffer> | undefined;

function files(): ReadonlyMap<string, Buffer> {
  if (loaded === undefined) {
    const dir = process.env.TEST_VECTORS ?? join(packageRoot(), '../shared/captures');
    loaded = existsSync(join(dir, 'requests')) ? readDirectory(dir) : readPacked();
  }
  return loaded;
}

function readDirectory(dir: string): Map<string, Buffer> {
  const paths = readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((path) =>
    /\.(json|bin)$/.test(path),
  );
  return new Map(paths.map((path) => [path.split(sep).join('/'), readFileSync(join(dir, path))]));
}

function readPacked(): Map<string, Buffer> {
  const packed = readFileSync(join(packageRoot(), 'test/vectors/captures.ndjson.gz'));
  const lines = gunzipSync(packed).toString('utf8').trimEnd().split('\n');
  return new Map(
    lines.map((line) => {
      const file = JSON.parse(line) as { path: string; json?: unknown; latin1?: string };
      const content =
        file.latin1 === undefined
          ? Buffer.from(JSON.stringify(file.json))
          : Buffer.from(file.latin1, 'latin1');
      return [file.path, content];
    }),
  );
}

function ids(kind: 'requests' | 'responses'): string[] {
  const found = new Set<string>();
  for (const path of files().keys()) {
    const [top, id, file] = path.split('/');
    if (top === kind && id !== undefined && file === 'meta.json') found.add(id);
  }
  return [...found].sort();
}

function bytes(path: string): Buffer {
  const content = files().get(path);
  if (content === undefined) throw new Error(`No such vector file: ${path}`);
  return content;
}

function json<T>(path: string): T {
  return JSON.parse(bytes(path).toString('utf8')) as T;
}
