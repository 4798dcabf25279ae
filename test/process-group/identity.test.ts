import assert from 'node:assert/strict';
import { printed } from './support/fork-script.js';

const SIBLINGS = 64;

interface Process {
  role: 'parent' | 'child';
  pid: number;
  realPid: number;
  parent: number;
  title: string;
  random: number[];
  savedRandom: number[];
  uuids: string[];
  integers: number[];
  bytes: string;
}

describe('The identity of forked siblings', () => {
  describe(`${SIBLINGS} children of a parent that has used everything before`, function () {
    this.timeout(60_000);
    let processes: Process[];
    before(async () => {
      processes = await printed<Process>(`
        identity.prepareRandom();
        const saved = Math.random; // as modules do while they are loaded
        const use = (count, make) => Array.from({ length: count }, () => make());
        const uuid = () => crypto.randomUUID();
        const newerUuid = () => crypto.randomUUIDv7?.() ?? crypto.randomUUID();
        const integer = () => crypto.randomInt(2 ** 48 - 1);
        const tell = (role) => print({
          role, pid: process.pid, realPid: Number(fs.readlinkSync('/proc/self')), parent: process.ppid,
          title: fs.readFileSync('/proc/self/cmdline', 'utf8').split('\\0')[0],
          random: use(8, Math.random), savedRandom: use(8, saved),
          uuids: [...use(8, uuid), ...use(4, newerUuid)], integers: use(8, integer),
          bytes: crypto.randomBytes(8).toString('hex'),
        });
        use(3, Math.random); use(5, uuid); use(5, newerUuid); use(7, integer);
        identity.warmIdentity();
        for (let child = 0; child < ${SIBLINGS}; child++) {
          use(child % 5, integer); // wherever the caches are
          const pid = native.forkOnce();
          if (pid < 0) throw new Error('fork: ' + pid);
          if (pid === 0) {
            identity.repairIdentity({ pid: native.processId(), title: 'lsnode:child' });
            tell('child');
            native.exitNow(0);
          }
        }
        tell('parent');`);
    });

    const values = (of: (process: Process) => unknown[]): unknown[] => processes.flatMap(of);
    const areDifferent = (all: unknown[]): void => {
      assert.equal(new Set(all).size, all.length);
    };

    it('all of them have run', () => {
      assert.equal(processes.length, SIBLINGS + 1);
    });

    it('no two share a value of Math.random(), kept copies of the function included', () => {
      areDifferent(values(({ random, savedRandom }) => [...random, ...savedRandom]));
    });

    it('no two share a UUID', () => {
      areDifferent(values(({ uuids }) => uuids));
    });

    it('no two share a value of randomInt()', () => {
      areDifferent(values(({ integers }) => integers));
    });

    it('no two share random bytes', () => {
      areDifferent(values(({ bytes }) => [bytes]));
    });

    it('process.pid and process.ppid are right', () => {
      const parent = processes.find(({ role }) => role === 'parent');
      for (const { role, pid, realPid, parent: ppid } of processes) {
        assert.equal(pid, realPid);
        if (role === 'child') assert.equal(ppid, parent?.pid);
      }
      areDifferent(values(({ pid }) => [pid]));
    });

    it('the title is set', () => {
      for (const { role, title } of processes) if (role === 'child') assert.equal(title, 'lsnode:child');
    });
  });

  it('process.pid and Math.random have the properties that they have in Node', async () => {
    const [before, after] = await printed<object>(`
      const describe = () => {
        const { value: pid, ...ofPid } = Object.getOwnPropertyDescriptor(process, 'pid');
        const { value: random, ...ofRandom } = Object.getOwnPropertyDescriptor(Math, 'random');
        print({ pid: typeof pid, ofPid, ofRandom, name: random.name, length: random.length,
          own: Object.getOwnPropertyNames(random).sort() });
      };
      describe();
      identity.prepareRandom();
      identity.repairIdentity({ pid: 1, title: 'it' });
      describe();`);
    assert.deepEqual(after, before);
  });

  it('Math.random() is evenly distributed over [0, 1), in its low bits too', async () => {
    const [result] = await printed<{ high: number[]; low: number[]; inRange: boolean }>(`
      identity.prepareRandom();
      const high = new Array(16).fill(0), low = new Array(16).fill(0);
      let inRange = true;
      for (let count = 0; count < 160000; count++) {
        const value = Math.random();
        inRange &&= value >= 0 && value < 1;
        high[Math.floor(value * 16)]++;
        low[(value * 2 ** 53) % 16]++;
      }
      print({ high, low, inRange });`);
    assert.ok(result);
    assert.ok(result.inRange);
    for (const buckets of [result.high, result.low]) {
      const chiSquare = buckets.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
      // 15 degrees of freedom: above this once in ten million runs.
      assert.ok(chiSquare < 62, `${chiSquare}: ${buckets.join(' ')}`);
    }
  });

  describe('Pools of random bytes that were filled before the fork', () => {
    interface Bytes {
      role: 'parent' | 'child';
      pools: Record<string, string>;
      kept: Record<string, string>;
      isNodesOwn: boolean;
    }
    let parent: Bytes;
    let children: Bytes[];
    before(async () => {
      const processes = await printed<Bytes>(`
        const original = crypto.getRandomValues;
        identity.prepareRandom();
        const { randomFillSync, webcrypto, randomBytes } = await import('node:crypto');
        const pools = {
          nanoid: webcrypto.getRandomValues(Buffer.allocUnsafe(2688)),
          uuid: randomFillSync(new Uint8Array(256)),
          global: globalThis.crypto.getRandomValues(new Uint32Array(16384)),
          module: crypto.getRandomValues(new Uint8Array(1000)),
          bytes: randomBytes(4096),
        };
        const kept = {
          key: randomBytes(32),
          longKey: randomBytes(512),
          secret: randomFillSync(Buffer.alloc(255)),
          large: randomFillSync(Buffer.alloc(65537)),
          reused: randomFillSync(Buffer.alloc(512)),
          part: Buffer.alloc(512),
        };
        kept.reused[511] ^= 1;
        randomFillSync(kept.part, 256);
        const hex = (views) => Object.fromEntries(Object.entries(views).map(([name, view]) =>
          [name, Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('base64')]));
        const tell = (role) => fs.writeSync(1, JSON.stringify({ role, pools: hex(pools), kept: hex(kept),
          isNodesOwn: crypto.getRandomValues === original }) + '\\n');
        tell('parent');
        for (let child = 0; child < 3; child++) {
          if (native.forkOnce() === 0) {
            identity.repairIdentity({ pid: native.processId(), title: 'lsnode:child' });
            tell('child');
            native.exitNow(0);
          }
        }`);
      const [first] = processes.filter(({ role }) => role === 'parent');
      assert.ok(first);
      parent = first;
      children = processes.filter(({ role }) => role === 'child');
      assert.equal(children.length, 3);
    });

    it('are different in each child', () => {
      for (const name of Object.keys(parent.pools)) {
        assert.equal(new Set([parent, ...children].map(({ pools }) => pools[name])).size, 4, name);
      }
    });

    it('are what they were where they are keys, too large, filled in part, or used for something else since', () => {
      for (const { kept } of children) assert.deepEqual(kept, parent.kept);
    });

    it("are not watched in a child any more: crypto's functions are Node's own", () => {
      assert.deepEqual(
        children.map(({ isNodesOwn }) => isNodesOwn),
        [true, true, true],
      );
    });
  });

  it('the functions of crypto behave while they are watched as Node has them', async () => {
    const [before, after] = await printed<object>(`
      const describe = () => {
        const owners = { crypto, prototype: Object.getPrototypeOf(crypto.webcrypto) };
        const failure = (work) => { try { work(); return 'none'; } catch ({ name, code, message }) { return { name, code, message }; } };
        print({
          properties: Object.entries(owners).map(([owner, object]) => ['randomFillSync', 'getRandomValues', 'randomBytes'].map((name) => {
            const { value, ...rest } = Object.getOwnPropertyDescriptor(object, name) ?? {};
            return [owner, name, rest, value?.name, value?.length];
          })),
          failures: [
            failure(() => crypto.getRandomValues(new Float32Array(64))),
            failure(() => crypto.webcrypto.getRandomValues.call({}, new Uint8Array(512))),
            failure(() => crypto.webcrypto.getRandomValues(new Uint8Array(65537))),
            failure(() => crypto.randomFillSync('text')),
            failure(() => crypto.randomBytes(-1)),
          ],
          same: [(view) => crypto.randomFillSync(view) === view, (view) => crypto.getRandomValues(view) === view].map((work) => work(new Uint8Array(300))),
        });
      };
      describe();
      identity.prepareRandom();
      describe();`);
    assert.deepEqual(after, before);
  });
});
