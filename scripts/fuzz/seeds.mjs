// Inputs of the native targets to begin with, from the traffic that was recorded from a real server.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureInstalled, ensureTypeScript, root } from '../setup.mjs';

function vectors() {
  ensureInstalled();
  ensureTypeScript();
  return import(pathToFileURL(join(root, 'dist-dev/test/support/vectors.js')).href);
}

/** Every recorded BEGIN_REQUEST. */
export async function recordedRequests() {
  const { requestVectors } = await vectors();
  return requestVectors().flatMap(({ requests }) => requests.map(({ packet }) => packet));
}

/** Every recorded RESP_HEADER, as response_writer_fuzz.cc takes it: the text, and in front of its end the parameters. */
export async function recordedResponseHeaders() {
  const { responseVectors } = await vectors();
  const headers = responseVectors().flatMap(({ streams }) =>
    streams.flatMap(({ packets }) => packets.filter(({ lines }) => lines?.length > 0)),
  );
  return headers.map(({ lines, status, flag, byteOrder }) =>
    new Choices()
      .number(flag, 0, 1)
      .boolean(byteOrder === 'little')
      .number(status, -(2 ** 31), 2 ** 31 - 1)
      .boolean(true) // no length
      .boolean(true) // once
      .boolean(true) // the number of lines is right
      .input(lines.map((line) => `${line}\n`).join('')),
  );
}

/** What servers sent on recorded connections, as connection_fuzz.cc takes it: in one piece, and cut in the middle. */
export async function recordedConnections() {
  const { requestVectors } = await vectors();
  const streams = requestVectors().flatMap(({ lsapi }) =>
    lsapi.filter(({ length }) => length <= LONGEST_BYTES),
  );
  return streams.flatMap((bytes) =>
    [[bytes], [bytes.subarray(0, 700), bytes.subarray(700)]].map(connectionInput),
  );
}

/** As in connection_fuzz.cc: what one step sends at most, and the numbers of the actions. */
const LONGEST_BYTES = 2048;
const ACTION = { connect: 0, bytes: 2, take: 5, poll: 7, act: 8 };
const LAST_ACTION = 9;

function connectionInput(pieces) {
  const choices = new Choices().boolean(true).boolean(true); // no limit of requests, no patience
  const action = (name) => choices.number(ACTION[name], 0, LAST_ACTION);
  action('connect').number(0, 0, 2);
  for (const piece of pieces) {
    // To the only server; bytes that stand in the input; all of them at once.
    action('bytes').number(0, 0, 0).boolean(true).text(piece).boolean(true);
    // The application hears of it; what it does there is one action: a response that ends.
    action('poll')
      .number(1, 0, 3)
      .number(1, 0, 7)
      .number(0, 0, 4)
      .boolean(true)
      .number(100, 0, 20_000)
      .boolean(false);
  }
  action('act').number(0, 0, 0).number(0, 0, 3);
  action('poll');
  action('take').number(0, 0, 0).number(300_000, 0, 300_000);
  return choices.input('');
}

/** The state of a group with the descriptors that group_state_fuzz.cc keeps open. */
export async function groupStates() {
  return [Buffer.from('1;901,900,2;c0,123,902,903,4,1,5000,6;c2,124,904,905,0,2,6000,0;w906;w907')];
}

/** Writes what libFuzzer's FuzzedDataProvider reads: numbers from the end of the input, text from its beginning. */
class Choices {
  #front = [];
  /** The last byte of the input first. */
  #back = [];

  /** ConsumeIntegralInRange(): as many bytes as the range needs. */
  number(value, minimum, maximum) {
    let bytes = 0;
    for (let range = BigInt(maximum) - BigInt(minimum); range > 0n; range >>= 8n) bytes++;
    const offset = BigInt(value) - BigInt(minimum);
    for (let n = bytes - 1; n >= 0; n--) this.#back.push(Number((offset >> BigInt(8 * n)) & 255n));
    return this;
  }

  /** ConsumeBool(). */
  boolean(value) {
    return this.number(value ? 1 : 0, 0, 1);
  }

  /** ConsumeRandomLengthString(): a backslash is written twice, and with another byte behind it ends the text. */
  text(bytes) {
    for (const byte of bytes) this.#front.push(...(byte === BACKSLASH ? [byte, byte] : [byte]));
    this.#front.push(BACKSLASH, 0);
    return this;
  }

  /** The input; `rest` is what ConsumeRemainingBytes() finds. */
  input(rest) {
    return Buffer.concat([
      Buffer.from(this.#front),
      Buffer.from(rest, 'latin1'),
      Buffer.from(this.#back.reverse()),
    ]);
  }
}

const BACKSLASH = 0x5c;
