// The shared memory of a process group whose children write what they like: `lsnode status`, perhaps run by root, tells
// what it says or that it cannot be read, and a terminal obeys none of it.
import assert from 'node:assert/strict';
import { printable } from '#lib/config/printable.js';
import { LsapiError } from '#lib/errors.js';
import { formatGroup } from '#lib/status/format.js';
import { describeGroup } from '#lib/status/group-status.js';
import { HEADER_SIZE, SLOT_SIZE } from '#lib/status/layout.js';
import { captureScoreboard, readScoreboard, type GroupSnapshot } from '#lib/status/scoreboard.js';
import { scoreboardBytes } from '../../status/support/scoreboard-bytes.js';
import type { FuzzTarget } from '../engine/target.js';

/** There are no processes: what is read of them is not the scoreboard's. */
const NOWHERE = '/nonexistent';
const NOW = 1_800_000_000_000;
const MOST_CHILDREN = 8;

function checked(read: () => GroupSnapshot): GroupSnapshot | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof LsapiError)) throw error;
    assert.equal(error.code, 'LSAPI_ERR_STATUS_SCOREBOARD');
    assert.equal(printable(error.message), error.message);
    return undefined;
  }
}

function checkText(text: string): void {
  for (const line of text.split('\n')) assert.equal(printable(line), line, 'a line that a terminal obeys');
  assert.doesNotMatch(text, /NaN|Infinity|undefined|Invalid/, 'a number that is none');
}

export const target: FuzzTarget = {
  maxLength: HEADER_SIZE + MOST_CHILDREN * SLOT_SIZE,
  words: ['LLSB', '/srv/app', 'GET', '/url?query', '\x1b[2J', '\u202e', '\xe2\x80', '\xf0\x9f\x98'],

  seeds: () => [
    scoreboardBytes(),
    scoreboardBytes({ parentPid: 100, generation: 2, childLimit: 4, accepted: 7, startedTime: NOW - 5000 }, [
      {
        pid: 123,
        generation: 2,
        connections: 1,
        active: 1,
        requests: 5,
        requestBeganMs: 4000,
        method: 'GET',
        url: '/a',
      },
      undefined,
      { pid: 124, state: 'failed', url: 'Error: no such app' },
      {
        pid: 125,
        state: 'draining',
        responses: 3,
        lastActivityMs: 3000,
        startedTime: NOW - 60_000,
        kills: 2,
      },
    ]),
    scoreboardBytes({ state: 'reloading', mode: 'spawned' }, [{ pid: 9, state: 'starting', textVersion: 1 }]),
  ],

  run(input) {
    const bytes = Uint8Array.from(input);
    const snapshot = checked(() => readScoreboard(bytes));
    // Each read finds another byte changed, as if a child wrote all the time.
    let reads = 0;
    const source = {
      size: bytes.length,
      read(position: number, length: number) {
        const piece = bytes.slice(position, position + length);
        const at = (reads++ * 97) % Math.max(1, piece.length);
        if (reads % 3 === 0 && piece.length > 0) piece[at] = (piece[at] ?? 0) + 1;
        return piece;
      },
    };
    const captured = checked(() => captureScoreboard(source));
    for (const one of [snapshot, captured]) {
      if (one === undefined) continue;
      const group = { snapshot: one } as Parameters<typeof describeGroup>[0];
      const status = describeGroup(group, { proc: NOWHERE, now: NOW, monotonicNow: 5000 });
      JSON.stringify(status);
      for (const width of [40, 120]) checkText(formatGroup(status, { now: NOW, width }));
      assert.deepEqual(describeGroup(group, { proc: NOWHERE, now: NOW, monotonicNow: 5000 }), status);
    }
    if (snapshot !== undefined) assert.deepEqual(readScoreboard(bytes), snapshot);
  },
};
