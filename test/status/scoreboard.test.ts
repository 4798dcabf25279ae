import assert from 'node:assert/strict';
import { isLsapiError } from '#lib/errors.js';
import { HEADER, HEADER_SIZE, SLOT, SLOT_SIZE } from '#lib/status/layout.js';
import { captureScoreboard, readScoreboard, type ScoreboardSource } from '#lib/status/scoreboard.js';
import { scoreboardBytes, writeSlot } from './support/scoreboard-bytes.js';

describe('a scoreboard', () => {
  const none = (count: number): number[] => Array.from({ length: count }, () => 0);

  it('is read field by field', () => {
    const bytes = scoreboardBytes(
      {
        ...{ parentPid: 4711, root: '/srv/shop', generation: 3, mode: 'lazy', state: 'reloading' },
        ...{ childLimit: 10, extraChildren: 4, concurrency: 5, busy: 1, startedTime: 1_700_000_000_000 },
        ...{ generationTime: 1_700_000_500_000, accepted: 2 ** 40, refused: 11, startedChildren: 12 },
        ...{ endedChildren: 13, crashedChildren: 14, forkFailures: 15, limitReached: 16, reloads: 17 },
        ...{ failedReloads: 18, requestsOfEnded: 19 },
        totalsOfEnded: { durationUs: 20, statuses: { 5: 21 }, durations: { 37: 22 } },
      },
      [
        {
          ...{ pid: 4712, generation: 2, state: 'draining', connections: 4, active: 3, kills: 2 },
          ...{ startedTime: 1_700_000_100_000, requests: 50, responses: 47, requestBeganMs: 9000 },
          ...{ lastActivityMs: 9100, textVersion: 8, method: 'POST', url: '/cart?é' },
          totals: { durationUs: 30, statuses: { 0: 31 }, durations: { 0: 32 } },
        },
      ],
    );
    assert.deepEqual(readScoreboard(bytes), {
      ...{ parentPid: 4711, root: '/srv/shop', generation: 3, mode: 'lazy', state: 'reloading' },
      ...{ childLimit: 10, extraChildren: 4, concurrency: 5, busy: 1 },
      startedAt: new Date(1_700_000_000_000),
      generationStartedAt: new Date(1_700_000_500_000),
      ...{ accepted: 2 ** 40, refused: 11, startedChildren: 12, endedChildren: 13, crashedChildren: 14 },
      ...{ forkFailures: 15, limitReached: 16, reloads: 17, failedReloads: 18, requestsOfEnded: 19 },
      answersOfEnded: { microseconds: 20, statuses: [0, 0, 0, 0, 0, 21], durations: [...none(37), 22] },
      children: [
        {
          ...{ pid: 4712, generation: 2, state: 'draining', connections: 4, active: 3, kills: 2 },
          ...{ startedAt: new Date(1_700_000_100_000), requests: 50, responses: 47 },
          ...{ requestBegan: 9000, lastActivity: 9100, text: { method: 'POST', url: '/cart?é' } },
          answers: { microseconds: 30, statuses: [31, 0, 0, 0, 0, 0], durations: [32, ...none(37)] },
        },
      ],
    });
  });

  it('is read where it does not begin at the start of its buffer', () => {
    const bytes = scoreboardBytes({ parentPid: 5 });
    const larger = new Uint8Array(bytes.length + 3);
    larger.set(bytes, 3);
    assert.equal(readScoreboard(larger.subarray(3)).parentPid, 5);
  });

  it('has no children in free slots, nor in those that the parent is about to fill', () => {
    const board = readScoreboard(
      scoreboardBytes({}, [undefined, { pid: 7 }, { pid: 8, state: 'free' }, { pid: 0, requests: 4 }]),
    );
    assert.deepEqual(
      board.children.map(({ pid }) => pid),
      [7],
    );
  });

  it('has no times before they are set', () => {
    const board = readScoreboard(scoreboardBytes({}, [{ pid: 7 }]));
    assert.deepEqual(
      [board.startedAt, board.generationStartedAt, board.children[0]?.startedAt],
      [undefined, undefined, undefined],
    );
  });

  it('leaves out a character that was cut in the middle', () => {
    const url = `/${'x'.repeat(381)}é`;
    const board = readScoreboard(scoreboardBytes({}, [{ pid: 7, method: 'GET', url }]));
    assert.deepEqual(board.children[0]?.text, { method: 'GET', url: `/${'x'.repeat(381)}` });
  });

  describe('is refused', () => {
    const good = (): Uint8Array => scoreboardBytes({}, [{ pid: 7 }]);
    const changed = (offset: number, value: number): Uint8Array => {
      const bytes = good();
      new DataView(bytes.buffer).setUint32(offset, value, true);
      return bytes;
    };
    const rows: [what: string, bytes: Uint8Array, message: RegExp][] = [
      ['without a byte', new Uint8Array(0), /it has 0 bytes/],
      ['with half a header', good().subarray(0, 511), /it has 511 bytes/],
      ['with other first bytes', changed(HEADER.magic, 1), /begins with 0x00000001, not with 0x42534c4c/],
      [
        'of another version',
        changed(HEADER.version, 3),
        /its version is 3, .* reads version 2\. Use the lsnode/,
      ],
      ['with slots of another size', changed(HEADER.slotSize, 256), /slots have 256 bytes instead of 1024/],
      ['with more slots than there may be', changed(HEADER.slotCount, 65_537), /has 65537 slots/],
      ['with half a slot', good().subarray(0, 1500), /has 1500 bytes, but 2048 belong to 1 slots/],
      ['with something behind it', new Uint8Array([...good(), 0]), /has 2049 bytes, but 2048/],
      ['with a mode that has no meaning', changed(HEADER.mode, 4), /its mode is 4/],
      ['with a state that has no meaning', changed(HEADER.state, 5), /its state is 5/],
      ['with a child in a state without meaning', changed(HEADER_SIZE + SLOT.state, 9), /of a child is 9/],
    ];
    for (const [what, bytes, message] of rows) {
      it(what, () => {
        const refused = (error: unknown): boolean => {
          assert.ok(isLsapiError(error, 'LSAPI_ERR_STATUS_SCOREBOARD'));
          assert.match(error.message, message);
          return true;
        };
        assert.throws(() => readScoreboard(bytes), refused);
        assert.throws(() => captureScoreboard(new Memory(bytes)), refused);
      });
    }
  });

  describe('in use', () => {
    it('is read once where nothing changes, and the versions of the texts and how many have ended a second time', () => {
      const memory = new Memory(
        scoreboardBytes({}, [{ pid: 7, url: '/a' }, undefined, { pid: 8, url: '/b' }]),
      );
      const { children } = captureScoreboard(memory);
      assert.deepEqual(
        children.map(({ text }) => text?.url),
        ['/a', '/b'],
      );
      assert.deepEqual(memory.reads, [HEADER_SIZE + 3 * SLOT_SIZE, 4, 4, 8]);
    });

    it('has the new text where the text changed meanwhile', () => {
      const bytes = scoreboardBytes({}, [{ pid: 7, textVersion: 2, method: 'GET', url: '/old' }]);
      const memory = new Memory(bytes, (read) => {
        // Complete again by the time of the second read: only the number tells.
        if (read === 1)
          writeSlot(bytes, 0, { pid: 7, textVersion: 4, method: 'GET', url: '/new', requests: 9 });
      });
      const [child] = captureScoreboard(memory).children;
      assert.deepEqual(child?.text, { method: 'GET', url: '/new' });
      assert.equal(child?.requests, 9, 'what belongs to the text is as new as the text');
    });

    it('has the text where it was just being written', () => {
      const bytes = scoreboardBytes({}, [{ pid: 7, textVersion: 3, url: '/ha' }]);
      const memory = new Memory(bytes, (read) => {
        if (read === 1) writeSlot(bytes, 0, { pid: 7, textVersion: 4, url: '/half' });
      });
      assert.equal(captureScoreboard(memory).children[0]?.text?.url, '/half');
    });

    it('has no text where it never holds still, and everything else', () => {
      const bytes = scoreboardBytes({}, [
        { pid: 7, textVersion: 2, url: '/a' },
        { pid: 8, url: '/quiet' },
      ]);
      let version = 2;
      const memory = new Memory(bytes, () => {
        version += 2;
        writeSlot(bytes, 0, { pid: 7, textVersion: version, url: `/${version}`, requests: version });
      });
      const [restless, quiet] = captureScoreboard(memory).children;
      assert.equal(restless?.pid, 7);
      assert.equal(restless.text, undefined);
      assert.equal(quiet?.text?.url, '/quiet');
    });

    it('has no text where a child died while it wrote one', () => {
      const memory = new Memory(scoreboardBytes({}, [{ pid: 7, textVersion: 5, url: '/tor' }]));
      assert.equal(captureScoreboard(memory).children[0]?.text, undefined);
    });
  });
});

/** Memory that may change behind each read. */
class Memory implements ScoreboardSource {
  /** Bytes asked for. */
  readonly reads: number[] = [];

  constructor(
    readonly bytes: Uint8Array,
    readonly afterRead: (read: number) => void = () => undefined,
  ) {}

  get size(): number {
    return this.bytes.length;
  }

  read(position: number, length: number): Uint8Array {
    const copy = this.bytes.slice(position, position + length);
    this.afterRead(this.reads.push(length));
    return copy;
  }
}
