import assert from 'node:assert/strict';
import fc from 'fast-check';
import { encodeRespHeader, HOST_BUILD, type BuildOrder } from '#lib/codec/index.js';
import { native } from '#lib/native/binding.js';
import { responseVectors } from '../support/vectors.js';
import { latin1, order } from './support/arbitraries.js';

/** Lines that the native side keeps for itself: they would be consumed by the server, or contradict it. */
const NOT_FORWARDED = /^(?:connection|keep-alive|proxy-connection|status|transfer-encoding|trailer)$/i;
/** What is sent where nothing else is: a response without a header line is not complete for the server. */
const FILLER = 'Server: lsapi';
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const LONGEST_LINE = 16_380;

const ERROR = { character: 1, name: 2, line: 3, size: 4, contentLength: 5 } as const;

function encodeNatively(
  lines: readonly string[],
  status: number,
  { flag, byteOrder }: BuildOrder = HOST_BUILD,
  contentLength = -1,
): Buffer | number {
  const text = lines.map((line) => `${line}\n`).join('');
  return native.encodeResponseHeader(text, lines.length, status, flag, byteOrder === 'big', contentLength);
}

function nameOf(line: string): string {
  return /^[^:]*/.exec(line)?.[0] ?? '';
}

/** What the native encoder is expected to make of lines, written again in its simplest form. */
function expectation(lines: readonly string[], contentLength: number): readonly string[] | number {
  if (lines.length > 1000) return ERROR.size;
  if (lines.some((line) => /[\x00-\x08\x0a-\x1f\x7f]/.test(line))) return ERROR.character;
  const sent: string[] = [];
  let announced = contentLength < 0 ? undefined : contentLength;
  let ownLength = false;
  for (const line of lines) {
    if (line.length > LONGEST_LINE) return ERROR.line;
    const name = nameOf(line);
    if (!TOKEN.test(name) || name.length === line.length) return ERROR.name;
    if (NOT_FORWARDED.test(name)) continue;
    if (/^content-length$/i.test(name)) {
      if (!/^:[ \t]*[0-9]{1,16}[ \t]*$/.test(line.slice(name.length))) return ERROR.contentLength;
      if (ownLength) continue;
      ownLength = true;
      announced = undefined;
      // Without blanks behind the number: the server takes the line to its end.
      sent.push(`${name}: ${line.slice(name.length + 1).replace(/^[ \t]+|[ \t]+$/g, '')}`);
    } else {
      sent.push(line);
    }
  }
  if (announced !== undefined) sent.push(`Content-Length: ${announced}`);
  return sent.length === 0 ? [FILLER] : sent;
}

describe('Recorded response headers from the native encoder', () => {
  const seen = new Set<string>();
  for (const { id, meta, streams } of responseVectors()) {
    for (const packet of streams.flatMap(({ packets }) => packets)) {
      const { lines, status, linesTruncated, flag, byteOrder, problem } = packet;
      if (lines === undefined || status === undefined || linesTruncated || problem !== undefined) continue;
      if (lines.some((line) => line.endsWith(' bytes)'))) continue; // cut in the recording's description
      const expected = expectation(lines, -1);
      if (typeof expected === 'number') continue; // not to be sent: refused, as the next test says
      const key = JSON.stringify([lines, status, flag, byteOrder]);
      if (seen.has(key)) continue;
      seen.add(key);
      it(`${id} ${meta.name}, packet at ${packet.offset}`, () => {
        const order: BuildOrder = { flag: (flag & 1) === 0 ? 0 : 1, byteOrder };
        assert.deepEqual(encodeNatively(lines, status, order), encodeRespHeader(status, expected, order));
      });
    }
  }
});

describe('Any response header from the native encoder', () => {
  const value = latin1({ max: 60, except: /[\n]/ });
  const clean = latin1({ max: 60, except: /[\x00-\x08\x0a-\x1f\x7f]/ });
  const name = fc.oneof(
    { weight: 8, arbitrary: fc.stringMatching(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,20}$/) },
    {
      weight: 4,
      arbitrary: fc
        .constantFrom('Content-Length', 'Status', 'Connection', 'Keep-Alive', 'Transfer-Encoding', 'Trailer')
        .chain((text) => fc.constantFrom(text, text.toLowerCase(), text.toUpperCase(), `${text}x`)),
    },
    { weight: 1, arbitrary: latin1({ max: 6, except: /[\n]/ }) },
  );
  const line = fc.oneof(
    { weight: 8, arbitrary: fc.tuple(name, clean).map(([name, value]) => `${name}: ${value}`) },
    { weight: 2, arbitrary: fc.tuple(name, fc.nat()).map(([name, value]) => `${name}:${value}`) },
    { weight: 1, arbitrary: fc.tuple(name, value).map(([name, value]) => `${name}: ${value}`) },
    { weight: 1, arbitrary: value },
  );

  it('is the same as from the codec, or refused for the reason that comes first', () => {
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 12 }),
        fc.integer({ min: 0, max: 999 }),
        order,
        fc.oneof(fc.constant(-1), fc.nat(), fc.constantFrom(0, 2 ** 31, 2 ** 53 - 1)),
        (lines, status, order, contentLength) => {
          const expected = expectation(lines, contentLength);
          assert.deepEqual(
            encodeNatively(lines, status, order, contentLength),
            typeof expected === 'number' ? expected : encodeRespHeader(status, expected, order),
          );
        },
      ),
      { numRuns: 5000 },
    );
  });

  it('is refused where a value holds a line break, wherever it would begin a lawful line', () => {
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 4 }), clean, (lines, injected) => {
        const text = [...lines, 'X-Value: a\nSet-Cookie: injected=1', injected]
          .map((line) => `${line}\n`)
          .join('');
        assert.equal(native.encodeResponseHeader(text, lines.length + 2, 200, 0, false, -1), ERROR.character);
      }),
    );
  });
});

describe('Limits of the native response header', () => {
  it('a line of 16,380 bytes is the longest', () => {
    const longest = `X-Long: ${'v'.repeat(LONGEST_LINE - 8)}`;
    assert.deepEqual(encodeNatively([longest], 200), encodeRespHeader(200, [longest]));
    assert.equal(encodeNatively([`${longest}v`], 200), ERROR.line);
  });

  it('a thousand lines are the most, a length that is added apart', () => {
    const lines = Array.from({ length: 1000 }, (_, n) => `X-${n}: v`);
    assert.deepEqual(encodeNatively(lines, 200), encodeRespHeader(200, lines));
    assert.deepEqual(
      encodeNatively(lines, 200, HOST_BUILD, 5),
      encodeRespHeader(200, [...lines, 'Content-Length: 5']),
    );
    assert.equal(encodeNatively([...lines, 'X: y'], 200), ERROR.size);
  });

  it('a packet of 65,535 bytes behind its first eight is the largest', () => {
    const lines = Array.from({ length: 4 }, () => `X-Long: ${'v'.repeat(16_000 - 8)}`);
    // Count and status; a length and a NUL for every line.
    const room = 65_535 - 8 - 4 * 16_003;
    const last = `X: ${'v'.repeat(room - 3 - 3)}`;
    assert.deepEqual(encodeNatively([...lines, last], 200), encodeRespHeader(200, [...lines, last]));
    assert.equal(encodeNatively([...lines, `${last}v`], 200), ERROR.size);
  });

  it('an unfinished last line is refused', () => {
    assert.equal(native.encodeResponseHeader('X: y', 1, 200, 0, false, -1), ERROR.character);
    assert.equal(native.encodeResponseHeader('X: y\n', 2, 200, 0, false, -1), ERROR.character);
    assert.equal(native.encodeResponseHeader('X: y\n', 0, 200, 0, false, -1), ERROR.character);
  });
});
