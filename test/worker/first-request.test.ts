import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { FirstRequest } from '#lib/worker/first-request.js';
import type { ConnectionSetStatistics } from '#lib/native/binding.js';
import { patience } from '../support/program-environment.js';

describe('The first request of a process', () => {
  let counts = { requests: 0, active: 0 };
  const statistics = (): ConnectionSetStatistics => ({
    connections: 1,
    rejected: 0,
    aborted: 0,
    open: 1,
    idleMilliseconds: 0,
    ...counts,
  });
  let lines: string[] = [];
  let watched: FirstRequest | undefined;
  beforeEach(() => {
    counts = { requests: 0, active: 0 };
    lines = [];
    watched = new FirstRequest(statistics, (line) => lines.push(line), 60);
  });
  afterEach(() => watched?.stop());

  async function lineComes(): Promise<string> {
    for (const deadline = Date.now() + patience(5000); lines.length === 0 && Date.now() < deadline;)
      await delay(5);
    return lines.shift() ?? '';
  }

  it('is told of once when it takes long, and when it is answered then', async () => {
    counts = { requests: 1, active: 1 };
    assert.match(
      await lineComes(),
      /^the first request has no complete answer yet \(phase first request, after \d+ ms;.*first request/,
    );
    await delay(150);
    assert.deepEqual(lines, []);
    counts = { requests: 1, active: 0 };
    assert.match(await lineComes(), /^the first request has been answered after \d+ ms$/);
  });

  it('is not told of when it is answered in time, nor are later ones that take long', async () => {
    counts = { requests: 1, active: 0 };
    await delay(30);
    counts = { requests: 2, active: 1 };
    await delay(150);
    assert.deepEqual(lines, []);
  });

  it('may be long in coming', async () => {
    await delay(150);
    assert.deepEqual(lines, []);
  });
});
