// `node scripts/mutation-storm.mjs [--count N] [--app hello-http|raw|both] [--seed N] [--lanes N] [--no-build]`
//
// Throws random mutations of the recorded request streams at a running lsnode, over many connections at once. All the
// while a connection of its own must be answered correctly, and at the end the process must be alive, with as many
// file descriptors as before and no more memory.
import { spawn } from 'node:child_process';
import { readFileSync, readdirSync, rmSync, mkdtempSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { ensureBuilt, root } from './setup.mjs';

const LOG_LIMIT = 256 * 1024;
/** A Node process takes some memory for the work itself; a leak of 100 bytes a mutation shows in a million of them. */
const ALLOWED_GROWTH_MB = 64;
/** Milliseconds that a connection is given for its answer: much of what is sent is not complete and gets none. */
const PATIENCE = 5;
const APPS = {
  'hello-http': 'Hello from Node.js\n',
  raw: 'Hello 192.0.2.1\n',
};

// ---------------------------------------------------------------------------------------------- mutations

/** Random numbers that a seed repeats (mulberry32). */
export function randomNumbers(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return {
    chance: (probability) => next() < probability,
    below: (limit) => Math.floor(next() * limit),
    pick: (list) => list[Math.floor(next() * list.length)],
  };
}

const INTEGERS = [
  0, 1, -1, -2, 7, 8, 43, 44, 207, 208, 255, 256, 8191, 8192, 8193, 65535, 65536, 262144, 262145,
];
const EXTREMES = [0x7fffffff, -0x80000000, 0x7ffffff8, -0x7fffffff];
/** Offsets of the integers in a packet's fixed part, its length included. */
const FIELDS = [4, 8, 12, 16, 20, 24, 28, 32, 36, 40];

/** Each takes a stream of bytes and returns a changed one; `other` is a second stream. */
const MUTATIONS = {
  flipBits(bytes, random) {
    for (let flips = 1 + random.below(8); flips > 0; flips--)
      bytes[random.below(bytes.length)] ^= 1 << random.below(8);
    return bytes;
  },
  setBytes(bytes, random) {
    for (let count = 1 + random.below(4); count > 0; count--) {
      bytes[random.below(bytes.length)] = random.pick([0, 1, 0x7f, 0x80, 0xff, 10, 13]);
    }
    return bytes;
  },
  truncate: (bytes, random) => bytes.subarray(0, random.below(bytes.length)),
  splice: (bytes, random, other) =>
    Buffer.concat([
      bytes.subarray(0, random.below(bytes.length)),
      other.subarray(random.below(other.length)),
    ]),
  editField(bytes, random) {
    if (bytes.length < 44) return bytes;
    const at = random.pick(FIELDS);
    const now = bytes.readInt32LE(at);
    const value = random.pick([
      random.pick(INTEGERS),
      random.pick(EXTREMES),
      now + 1,
      now - 1,
      now * 2,
      bytes.length,
    ]);
    bytes.writeInt32LE(value | 0, at);
    return bytes;
  },
  editShort(bytes, random) {
    if (bytes.length < 46) return bytes;
    bytes.writeUInt16BE(
      random.pick([0, 1, 2, 0xffff, 0x8000, random.below(65536)]),
      44 + random.below(bytes.length - 45),
    );
    return bytes;
  },
  editInteger(bytes, random) {
    if (bytes.length < 48) return bytes;
    bytes.writeInt32LE(random.pick([...EXTREMES, ...INTEGERS]), 44 + random.below(bytes.length - 47));
    return bytes;
  },
  duplicateBlock(bytes, random) {
    const from = random.below(bytes.length);
    const to = from + random.below(Math.min(bytes.length - from, 2000) + 1);
    return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]);
  },
  removeBlock(bytes, random) {
    const from = random.below(bytes.length);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + random.below(200))]);
  },
  insertBytes(bytes, random) {
    const at = random.below(bytes.length);
    const extra = Buffer.alloc(1 + random.below(64), random.below(256));
    return Buffer.concat([bytes.subarray(0, at), extra, bytes.subarray(at)]);
  },
  changeFlag(bytes, random) {
    if (bytes.length > 3) bytes[3] = random.below(256);
    return bytes;
  },
  append: (bytes, random, other) => Buffer.concat([bytes, other]),
  abort: (bytes) => Buffer.concat([bytes, Buffer.from([0x4c, 0x53, 2, 0, 8, 0, 0, 0])]),
  /** Without a change: fragmentation and early ends alone. */
  nothing: (bytes) => bytes,
};
const KINDS = Object.keys(MUTATIONS);

/** A mutated stream. Often its length field is repaired, so that it gets beyond the first check. */
export function mutate(streams, random) {
  let bytes = Buffer.from(random.pick(streams));
  for (let rounds = random.chance(0.3) ? 2 + random.below(3) : 1; rounds > 0 && bytes.length > 0; rounds--) {
    bytes = MUTATIONS[random.pick(KINDS)](bytes, random, random.pick(streams));
  }
  if (bytes.length >= 208 && random.chance(0.3)) bytes.writeInt32LE(bytes.length, 4);
  return bytes;
}

/** Recorded streams, with the few large ones in a list of their own so that they do not take all the time. */
async function recordedStreams() {
  const { requestVectors } = await import(pathToFileURL(join(root, 'dist-dev/test/support/vectors.js')).href);
  const { encodeRequest } = await import(pathToFileURL(join(root, 'dist/codec/index.js')).href);
  const vectors = requestVectors();
  const streams = [
    ...vectors.flatMap(({ lsapi }) => lsapi),
    ...vectors.flatMap(({ requests }) => requests.map((r) => r.packet)),
  ];
  // Recorded requests ask for pages that the examples do not have; this one makes the raw example read its body.
  const body = Buffer.from('The quick brown fox jumps over the lazy dog');
  const env = [
    ['REQUEST_METHOD', 'POST'],
    ['REQUEST_URI', '/echo'],
    ['SCRIPT_NAME', '/echo'],
    ['QUERY_STRING', ''],
  ];
  const header = { requestLine: 'POST /echo HTTP/1.1', headers: [['Content-Length', String(body.length)]] };
  const echo = Buffer.concat([encodeRequest({ env, header, reqBodyLen: body.length }), body]);
  const small = streams.filter((stream) => stream.length > 0 && stream.length <= 8192);
  return {
    small: [...small, ...Array(20).fill(echo)],
    large: streams.filter((stream) => stream.length > 8192),
  };
}

// ---------------------------------------------------------------------------------------------- the process

async function start(app, directory) {
  const socket = join(directory, `${app}.sock`);
  const env = { ...process.env, NODE_ENV: 'production' };
  const child = spawn(
    process.execPath,
    [join(root, 'dist/cli/main.js'), '--bind', socket, join(root, 'examples', app, 'app.js')],
    {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  const log = { text: '', lines: 0, reasons: new Map() };
  child.stderr.setEncoding('latin1').on('data', (text) => {
    if (log.text.length < LOG_LIMIT) log.text += text;
    log.lines += text.split('\n').length - 1;
    for (const [reason] of text.matchAll(/LSAPI_ERR_\w+/g))
      log.reasons.set(reason, (log.reasons.get(reason) ?? 0) + 1);
  });
  const server = { app, socket, child, log, exited: undefined };
  child.on('exit', (code, signal) => (server.exited = signal ?? `status ${code}`));
  for (let tries = 0; ; tries++) {
    if (server.exited !== undefined || tries > 100)
      throw new Error(`lsnode did not start (${server.exited}):\n${log.text}`);
    try {
      const probe = await open(socket);
      probe.destroy();
      return server;
    } catch {
      await delay(100);
    }
  }
}

function open(path) {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(socket)).once('error', reject);
  });
}

function descriptors({ child }) {
  return readdirSync(`/proc/${child.pid}/fd`).length;
}

function residentMegabytes({ child }) {
  const status = readFileSync(`/proc/${child.pid}/status`, 'latin1');
  return Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1024;
}

// ---------------------------------------------------------------------------------------------- both sides of it

/** Whether the bytes end in RESP_END or CONN_CLOSE, whatever their byte order. */
function isOver(bytes) {
  const at = bytes.length - 8;
  return (
    at >= 0 && bytes[at] === 0x4c && bytes[at + 1] === 0x53 && (bytes[at + 2] === 5 || bytes[at + 2] === 8)
  );
}

/** Sends mutations one after the other on connections of its own, as long as `take` says that one is left. */
async function lane(server, streams, random, isLeft, take, report) {
  while (isLeft()) {
    let socket;
    try {
      socket = await open(server.socket);
    } catch (error) {
      // A full backlog is no fault; a process that is gone is noticed by others.
      if (error.code !== 'EAGAIN' && error.code !== 'ECONNREFUSED') throw error;
      await delay(10);
      continue;
    }
    let closed = false;
    let notify = () => {};
    let heard = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('close', () => {
      closed = true;
      notify();
    });
    socket.on('data', (data) => {
      if (heard.length === 0 && (data[0] !== 0x4c || (data.length > 1 && data[1] !== 0x53)))
        report('an answer that is no packet');
      heard = data.length >= 8 ? data : Buffer.concat([heard, data]).subarray(-8);
      if (isOver(heard)) notify();
    });
    // Several packets on a connection, as long as it stays.
    for (let packets = 1 + random.below(3); packets > 0 && !closed && take(); packets--) {
      const bytes = mutate(random.chance(0.01) ? streams.large : streams.small, random);
      heard = Buffer.alloc(0);
      const answered = new Promise((resolve) => (notify = resolve));
      let at = 0;
      for (let pieces = random.chance(0.3) ? 1 + random.below(4) : 0; pieces > 0 && !closed; pieces--) {
        const end = at + random.below(bytes.length - at + 1);
        socket.write(bytes.subarray(at, end));
        at = end;
        await nextTurn();
      }
      socket.write(bytes.subarray(at));
      if (random.chance(0.05)) break; // the server leaves without waiting
      const patience = setTimeout(notify, PATIENCE);
      await answered;
      clearTimeout(patience);
    }
    socket.destroy();
  }
}

/** Valid requests on a connection that stays, and now and then on a new one; returns how many were answered. */
async function control(server, codec, isDone) {
  const env = [
    ['REMOTE_ADDR', '192.0.2.1'],
    ['REQUEST_METHOD', 'GET'],
    ['REQUEST_URI', '/'],
    ['SCRIPT_NAME', '/'],
    ['QUERY_STRING', ''],
  ];
  const packet = codec.encodeRequest({
    env,
    header: { requestLine: 'GET / HTTP/1.1', headers: [['Host', 'example.org']] },
  });
  const exchange = (socket) =>
    new Promise((resolve, reject) => {
      const decoder = new codec.ResponseDecoder();
      const packets = [];
      const timer = setTimeout(() => finish(new Error('no answer to a valid request for 20 s')), 20_000);
      const onData = (data) => {
        try {
          packets.push(...decoder.push(data));
        } catch (error) {
          return finish(error);
        }
        if (packets.at(-1)?.type === codec.PacketType.RespEnd) finish();
      };
      const onClose = () => finish(new Error('the connection of valid requests was closed'));
      const finish = (error) => {
        clearTimeout(timer);
        socket.off('data', onData).off('close', onClose);
        if (error) return reject(error);
        const body = Buffer.concat(packets.map(({ payload }) => payload ?? Buffer.alloc(0))).toString();
        const status = packets.find(({ type }) => type === codec.PacketType.RespHeader)?.status;
        if (status === 200 && body === APPS[server.app]) resolve();
        else reject(new Error(`a valid request was answered ${status} ${JSON.stringify(body)}`));
      };
      socket.on('data', onData).on('close', onClose);
      socket.write(packet);
    });

  const lasting = await open(server.socket);
  lasting.on('error', () => {});
  let answered = 0;
  while (!isDone()) {
    await exchange(lasting);
    if (++answered % 10 === 0) {
      const fresh = await open(server.socket).catch((error) => {
        if (error.code !== 'EAGAIN') throw error;
      });
      if (fresh) {
        await exchange(fresh);
        fresh.destroy();
        answered++;
      }
    }
    await delay(10);
  }
  lasting.destroy();
  return answered;
}

async function storm(app, { count, seed, lanes, directory }) {
  const streams = await recordedStreams();
  const codec = await import(pathToFileURL(join(root, 'dist/codec/index.js')).href);
  const server = await start(app, directory);
  const faults = [];
  const report = (fault) => faults.length < 10 && faults.push(fault);
  const began = Date.now();
  let sent = 0;
  let done = false;
  const isLeft = () => server.exited === undefined && faults.length === 0 && sent < count;
  const take = () => isLeft() && ++sent > 0;

  const controlling = control(server, codec, () => done).catch((error) => {
    report(error.message);
    return 0;
  });
  await delay(200);
  const before = { descriptors: descriptors(server), memory: 0 };
  let peak = 0;
  let most = 0;
  let shown = Date.now();
  const watch = setInterval(() => {
    if (server.exited !== undefined) return;
    const memory = residentMegabytes(server);
    peak = Math.max(peak, memory);
    most = Math.max(most, descriptors(server));
    // The first tenth is for caches and compiled code to reach their size.
    if (sent < count / 10) before.memory = Math.max(before.memory, memory);
    if (Date.now() - shown > 10_000) {
      shown = Date.now();
      console.log(`  ${sent} of ${count}, ${memory.toFixed(0)} MB, ${descriptors(server)} descriptors`);
    }
  }, 100);

  await Promise.all(
    Array.from({ length: lanes }, (_, n) =>
      lane(server, streams, randomNumbers(seed + n), isLeft, take, report),
    ),
  );
  const seconds = (Date.now() - began) / 1000;
  done = true;
  const answered = await controlling;
  clearInterval(watch);

  let after;
  if (server.exited === undefined) {
    // Connections that end with their response may stay for two seconds.
    for (let tries = 0; tries < 50 && descriptors(server) > before.descriptors - 1; tries++) await delay(100);
    after = { descriptors: descriptors(server), memory: residentMegabytes(server) };
    // The control connection was among the first ones counted, and is closed now.
    if (after.descriptors > before.descriptors - 1)
      report(`descriptors grew from ${before.descriptors - 1} to ${after.descriptors}`);
    // One for each connection of ours, and for those in a batch whose end it has yet to see.
    if (most > before.descriptors + lanes + 400)
      report(`${most} descriptors at a time for ${lanes} connections`);
    if (after.memory > before.memory + ALLOWED_GROWTH_MB)
      report(`memory grew from ${before.memory.toFixed(0)} to ${after.memory.toFixed(0)} MB`);
    server.child.kill('SIGTERM');
    for (let tries = 0; tries < 50 && server.exited === undefined; tries++) await delay(100);
    if (server.exited === undefined) {
      report('it did not end within 5 s of SIGTERM');
      server.child.kill('SIGKILL');
    } else if (server.exited !== 'status 0') {
      report(`it ended with ${server.exited} at SIGTERM`);
    }
  } else {
    report(`it ended with ${server.exited}`);
  }

  const { log } = server;
  const reasons = [...log.reasons].sort((a, b) => b[1] - a[1]).map(([reason, times]) => `${reason} ${times}`);
  console.log(
    `storm ${app}: ${sent} mutations in ${seconds.toFixed(0)} s (seed ${seed}), ${answered} valid requests answered; ` +
      `memory ${before.memory.toFixed(0)} -> ${after?.memory.toFixed(0) ?? '?'} MB (peak ${peak.toFixed(0)}), ` +
      `descriptors ${before.descriptors - 1} -> ${after?.descriptors ?? '?'} (peak ${most}); ${log.lines} log lines: ${reasons.join(', ')}`,
  );
  if (faults.length > 0) {
    const kept = join(tmpdir(), `lsapi-storm-${app}.log`);
    writeFileSync(kept, log.text);
    console.error(`storm ${app}: FAILED: ${faults.join('; ')}; log: ${kept}`);
  }
  return faults.length === 0;
}

async function main() {
  const { values } = parseArgs({
    allowNegative: true, // --no-build, for tests of what is built
    options: {
      count: { type: 'string', default: '1000000' },
      app: { type: 'string', default: 'both' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      lanes: { type: 'string', default: '48' },
      build: { type: 'boolean', default: true },
    },
  });
  const apps = values.app === 'both' ? Object.keys(APPS) : [values.app];
  if (APPS[apps[0]] === undefined) throw new Error(`--app: one of ${Object.keys(APPS).join(', ')}, both`);
  if (values.build) ensureBuilt();
  const directory = mkdtempSync(join(tmpdir(), 'lsapi-storm-'));
  let passed = true;
  try {
    for (const app of apps) {
      const options = {
        count: Number(values.count),
        seed: Number(values.seed),
        lanes: Number(values.lanes),
        directory,
      };
      passed = (await storm(app, options)) && passed;
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  process.exit(passed ? 0 : 1);
}

await main();
