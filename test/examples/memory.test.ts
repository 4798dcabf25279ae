// 100 MB up and 1 GiB down through lsnode, with memory that stays where it was.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { useExample } from './cases.js';
import { jsonOf, open, send, summarise, type Summary } from './client.js';
import { multipart } from './multipart.js';
import { patternBytes } from './pattern.js';
import type { Example } from './start-example.js';

const MIB = 1024 ** 2;
const LIMIT = 64 * MIB;
const SAMPLE_EVERY = 20;

/** Resident memory of a process and of the processes that it started. */
function residentMemory(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  let bytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const children = readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim();
    for (const child of children ? children.split(' ') : []) bytes += residentMemory(Number(child));
  }
  return bytes;
}

/** Fails when memory exceeds what it was before by `LIMIT` at any moment of the work. */
async function staysFlat(example: Example, work: () => Promise<void>): Promise<void> {
  const before = residentMemory(example.pid);
  let peak = before;
  const sampler = setInterval(() => (peak = Math.max(peak, residentMemory(example.pid))), SAMPLE_EVERY);
  try {
    await work();
  } finally {
    clearInterval(sampler);
  }
  const growth = peak - before;
  console.log(
    `        ${example.how}: ${(before / MIB).toFixed(1)} MiB, at most ${(growth / MIB).toFixed(1)} MiB more`,
  );
  assert.ok(growth < LIMIT, `Memory grew by ${(growth / MIB).toFixed(1)} MiB.`);
}

describe('Express example, memory, lsnode', function () {
  this.timeout(180_000);
  const running = useExample('express', 'lsnode');
  const size = 100 * MIB;
  let expected: Summary;

  async function put(bytes: number): Promise<unknown> {
    return jsonOf(
      await send(running(), {
        method: 'PUT',
        path: '/upload/raw',
        headers: { 'Content-Length': bytes },
        body: patternBytes(bytes),
      }),
    );
  }

  async function get(path: string): Promise<Summary> {
    const { response } = await open(running(), { path });
    return summarise(response);
  }

  before(async () => {
    expected = await summarise(patternBytes(size));
    for (let round = 0; round < 50; round++) await send(running(), { path: '/json' });
    await put(20 * MIB);
    await get(`/download?bytes=${20 * MIB}`);
  });

  it('PUT of 100 MiB', () =>
    staysFlat(running(), async () => {
      assert.deepEqual(await put(size), expected);
    }));

  it('POST of a form with a file of 100 MiB', () =>
    staysFlat(running(), async () => {
      const reply = await send(running(), {
        method: 'POST',
        path: '/upload',
        ...multipart([
          { field: 'file', file: 'big.bin', content: { length: size, bytes: patternBytes(size) } },
        ]),
      });
      const { files } = jsonOf(reply) as { files: Summary[] };
      assert.equal(files[0]?.sha256, expected.sha256);
    }));

  for (const query of ['', '?chunked=1']) {
    it(`GET of 1 GiB${query && ' without a length'}`, () =>
      staysFlat(running(), async () => {
        const { bytes, sha256 } = await get(`/download${query}`);
        assert.equal(bytes, 1024 ** 3);
        assert.equal(sha256, (await summarise(patternBytes(1024 ** 3))).sha256);
      }));
  }
});
