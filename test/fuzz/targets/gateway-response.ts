// What an application writes, on its way to an HTTP client. Whatever it is: the client reads whole HTTP responses, no
// header that the application did not name, and of the next response not a byte that belongs to this one.
import assert from 'node:assert/strict';
import {
  encodeEmpty,
  encodeRespHeader,
  encodeStream,
  PacketType,
  ResponseDecoder,
} from '#lib/codec/index.js';
import { createGateway } from '#lib/gateway/index.js';
import { responseVectors } from '../../support/vectors.js';
import type { FuzzTarget } from '../engine/target.js';
import { readResponse, type HttpResponse, type ReadResponse } from './support/http-responses.js';
import { Wire } from './support/wire.js';

/** Between what the application writes on one connection and on the next: the gateway delivers a request up to 3 times. */
const NEXT_DELIVERY = '\n#### next delivery\n';
const FIRST = '/first';
const SECOND = '/second';
const SECOND_BODY = 'the second response';
const SECOND_ANSWER = Buffer.concat([
  encodeEmpty(PacketType.ReqReceived),
  encodeRespHeader(200, ['Content-Type: text/plain', 'X-Answer: second']),
  encodeStream(Buffer.from(SECOND_BODY)),
  encodeEmpty(PacketType.RespEnd),
]);

/** Each of up to ten internal redirects is delivered three times. */
const MOST_DELIVERIES = 33;
/** Turns of the event loop until everything that can happen has happened. */
const SETTLING_TURNS = 6;
/** Turns for an answer at the most; decompression happens in a thread, so it is many. */
const PATIENCE_TURNS = 20_000;

/** Headers that the gateway makes itself. */
const OWN_HEADERS = new Set(
  ['server', 'date', 'connection', 'keep-alive', 'content-length', 'transfer-encoding'].concat([
    'content-type',
    'cache-control',
    'pragma',
    'location',
    'set-cookie',
  ]),
);

interface Plan {
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly acceptEncoding: string;
  readonly chunkSize: number;
  /** Whether the application closes its connection right behind what it writes. */
  readonly closes: boolean;
  readonly deliveries: readonly Buffer[];
}

function planOf(input: Buffer): Plan {
  const [flags = 0, size = 0] = input;
  const text = input.toString('latin1', 2);
  return {
    method: (['GET', 'HEAD', 'POST', 'GET'] as const)[flags & 3] ?? 'GET',
    acceptEncoding: (flags & 4) === 0 ? '' : 'gzip, deflate',
    chunkSize: size === 0 ? Infinity : size,
    closes: (flags & 8) !== 0,
    deliveries: text.split(NEXT_DELIVERY).map((delivery) => Buffer.from(delivery, 'latin1')),
  };
}

function turn(): Promise<void> {
  return new Promise(setImmediate);
}

/** An application that answers the first request with the bytes of a plan, the second one properly. */
class FuzzedApplication {
  readonly #plan: Plan;
  readonly #connections: Wire[] = [];
  /** Bytes that were written for the first request, delivery by delivery. */
  readonly written: Buffer[] = [];
  #delivered = 0;
  #writing = 0;

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  connect(): Wire {
    const wire: Wire = new Wire((chunk) => {
      if (chunk.includes(SECOND)) setImmediate(() => wire.hear(SECOND_ANSWER));
      else if (chunk.includes(FIRST)) setImmediate(() => void this.#deliver(wire));
    });
    this.#connections.push(wire);
    process.nextTick(() => wire.emit('connect'));
    return wire;
  }

  /** Whether it still writes: what it writes from now on would be taken for the answer to the next request. */
  get writes(): boolean {
    return this.#writing > 0;
  }

  /** Ends every connection: what has not been answered never will be. */
  close(): void {
    for (const wire of this.#connections) wire.hear(undefined);
  }

  async #deliver(wire: Wire): Promise<void> {
    const { deliveries, chunkSize, closes } = this.#plan;
    const bytes = deliveries[this.#delivered++ % deliveries.length] ?? Buffer.alloc(0);
    this.written.push(bytes);
    this.#writing++;
    for (let at = 0; at < bytes.length; at += chunkSize) {
      wire.hear(Buffer.from(bytes.subarray(at, Math.min(bytes.length, at + chunkSize))));
      if (chunkSize !== Infinity && (at / chunkSize) % 4 === 3) await turn();
    }
    this.#writing--;
    if (closes) wire.hear(undefined);
  }
}

/** A client's connection, and all that came on it. */
class Client {
  readonly wire: Wire;
  heard = Buffer.alloc(0);

  constructor() {
    this.wire = new Wire((chunk) => (this.heard = Buffer.concat([this.heard, chunk])));
  }

  get closed(): boolean {
    return this.wire.destroyed || this.wire.ended;
  }

  request(method: string, path: string, acceptEncoding: string): void {
    const encoding = acceptEncoding === '' ? '' : `Accept-Encoding: ${acceptEncoding}\r\n`;
    const body = method === 'POST' ? 'Content-Length: 4\r\n\r\nbody' : '\r\n';
    this.wire.hear(Buffer.from(`${method} ${path} HTTP/1.1\r\nHost: example.org\r\n${encoding}${body}`));
  }
}

/** Names of all headers in what an application wrote, with whatever precedes a colon in its stream counted as one. */
function namesIn(written: readonly Buffer[]): Set<string> {
  const names = new Set<string>();
  const take = (line: string): void => {
    const name = /^[^:]*(?=:)/.exec(line)?.[0].trim().toLowerCase();
    if (name !== undefined) names.add(name);
  };
  for (const bytes of written) {
    const decoder = new ResponseDecoder();
    let packets;
    try {
      packets = decoder.push(bytes);
    } catch {
      packets = decoder.decodedBeforeFailure;
    }
    const stream: Buffer[] = [];
    for (const packet of packets) {
      if (packet.type === PacketType.RespHeader) packet.lines.forEach(take);
      else if (packet.type === PacketType.RespStream) stream.push(packet.payload);
    }
    // A header may go on in the body (protocol §2.1).
    Buffer.concat(stream).toString('latin1').split('\n').forEach(take);
  }
  return names;
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let turns = 0; !condition(); turns++) {
    if (turns > PATIENCE_TURNS) throw new Error(`never happens: ${what}`);
    await turn();
  }
}

function headOf(read: ReadResponse): HttpResponse | undefined {
  return read.kind === 'whole' ? read.response : read.head;
}

async function exchange(plan: Plan): Promise<void> {
  const application = new FuzzedApplication(plan);
  const log: string[] = [];
  let ended = 0;
  const gateway = createGateway({
    connect: () => application.connect(),
    accessLog: () => ended++,
    errorLog: (line) => log.push(line),
    initTimeout: 0,
    connTimeout: 0,
    env: {},
  });
  const client = new Client();
  gateway.server.emit('connection', client.wire);
  const bodiless = plan.method === 'HEAD';
  client.request(plan.method, FIRST, plan.acceptEncoding);

  // Not when the client has its response: after the header of one to HEAD there may be a failure yet.
  const answered = () => ended > 0;
  for (let turns = 0; turns < SETTLING_TURNS + plan.deliveries.length && !answered(); turns++) await turn();
  // Nothing more comes from the application. The gateway delivers again, up to its limit.
  for (let closes = 0; closes < MOST_DELIVERIES && !answered(); closes++) {
    application.close();
    for (let turns = 0; turns < SETTLING_TURNS && !answered(); turns++) await turn();
  }
  await until(answered, 'the end of the first request');
  await until(() => !application.writes, 'the end of what the application writes');
  for (let turns = 0; turns < SETTLING_TURNS; turns++) await turn();

  const read = readResponse(client.heard, bodiless);
  const head = headOf(read);
  if (head !== undefined) {
    const names = namesIn(application.written);
    for (const [name] of head.headers)
      assert.ok(
        OWN_HEADERS.has(name) || names.has(name) || name === 'x-answer',
        `a header from nowhere: ${name}`,
      );
  }
  if (read.kind === 'whole') assert.equal(client.heard.length, read.end, 'bytes behind the response');

  let next = client;
  const before = client.closed ? 0 : client.heard.length;
  if (client.closed) {
    next = new Client();
    gateway.server.emit('connection', next.wire);
  }
  next.request('GET', SECOND, '');
  const second = () => readResponse(next.heard.subarray(before), false);
  await until(() => next.closed || second().kind === 'whole', 'an answer to the second request');
  const answer = second();
  assert.ok(
    answer.kind === 'whole',
    `the second response was cut off: ${next.heard.toString('latin1').slice(-200)}`,
  );
  assert.equal(answer.response.status, 200, `the second response: ${log.join('; ')}`);
  assert.equal(answer.response.body.toString('latin1'), SECOND_BODY);
  assert.deepEqual(
    answer.response.headers.filter(([name]) => name.startsWith('x-')),
    [['x-answer', 'second']],
  );
  assert.equal(next.heard.length, before + answer.end, 'bytes behind the second response');

  client.wire.destroy();
  next.wire.destroy();
  await gateway.close();
  application.close();
  await turn();
}

/** A plan as an input. */
function inputOf(flags: number, chunkSize: number, ...deliveries: Uint8Array[]): Buffer {
  const text = deliveries.map((bytes) => Buffer.from(bytes).toString('latin1')).join(NEXT_DELIVERY);
  return Buffer.concat([Buffer.from([flags, chunkSize]), Buffer.from(text, 'latin1')]);
}

export const target: FuzzTarget = {
  maxLength: 1 << 14,
  words: [
    ...[
      'LS\x03\0',
      'LS\x04\0',
      'LS\x05\0\x08\0\0\0',
      'LS\x06\0',
      'LS\x07\0\x08\0\0\0',
      'LS\x08\0\x08\0\0\0',
      'LS\x09\0',
    ],
    ...[
      '\r\n',
      '\r\n\r\n',
      'Content-Length: ',
      'Transfer-Encoding: chunked',
      'Content-Encoding: gzip',
      'Location: /second',
    ],
    ...[
      'Status: 444',
      'Status: 302',
      'X-LiteSpeed-Location: /a',
      'Set-Cookie: a=b',
      'Content-Type: text/html',
      '0\r\n\r\n',
    ],
    ...['HTTP/1.1 200 OK\r\n', '\0PID', 'x\r\nInjected: y', 'x\nInjected: y', 'deflate', NEXT_DELIVERY],
  ],

  seeds: () => {
    const vectors = responseVectors().flatMap(({ streams }, n) => {
      const [{ bytes }] = streams;
      const all = streams.map((stream) => stream.bytes);
      const small = Buffer.concat(all).length < 4096;
      return small ? [inputOf(n % 16, n % 3 === 0 ? 0 : 7 + n, ...(n % 2 === 0 ? [bytes] : all))] : [];
    });
    return vectors;
  },

  /** Each packet reaches to the next one. */
  repair(input) {
    for (let at = input.indexOf('LS', 2); at >= 0 && at + 8 <= input.length;) {
      const next = input.indexOf('LS', at + 2);
      const delimiter = input.indexOf(NEXT_DELIVERY, at + 2);
      const ends = [next, delimiter, input.length].filter((end) => end >= 0);
      const size = Math.min(...ends) - at;
      if (size >= 8) {
        if (((input[at + 3] ?? 0) & 1) === 0) input.writeInt32LE(size, at + 4);
        else input.writeInt32BE(size, at + 4);
      }
      at = next;
    }
  },

  run: (input) => exchange(planOf(input)),
};
