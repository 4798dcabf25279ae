// What a tenant of a suEXEC daemon can reach: its own things.
import assert from 'node:assert/strict';
import { copyFileSync, chmodSync, closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { childrenOf, eventually, gone, isAlive } from '../process-group/support/group.js';
import { ALICE, BOB, sharedDaemon, type User } from './support/daemon.js';
import { PROBE_APP, type PROBES } from './support/probe.js';

interface Who {
  readonly pid: number;
  readonly ppid: number;
}

describe('suEXEC daemon: isolation', () => {
  const shared = sharedDaemon(
    { 'app.mjs': PROBE_APP },
    { env: { DATABASE_PASSWORD: 'of the administrator', LSNODE_PORT: '80', TZ: 'UTC' } },
  );

  /** What a probe of that user's app finds. */
  async function probe<T>(user: User, name: keyof typeof PROBES, argument = ''): Promise<T> {
    const response = await shared().request(user, { url: `/${name}?${argument}` });
    assert.equal(response?.status, 200, response?.text);
    return JSON.parse(response.text) as T;
  }

  it('user, group, and supplementary groups are those of the credentials, and no others', async () => {
    for (const user of [ALICE, BOB]) {
      const { users, groups, supplementary, title } = await probe<{
        users: number[];
        groups: number[];
        supplementary: number[];
        title: string;
      }>(user, 'identity');
      assert.deepEqual(users, [user.uid, user.uid]);
      assert.deepEqual(groups, [user.gid, user.gid]);
      assert.deepEqual(supplementary, [user.gid]);
      assert.equal(title, `lsnode:${user.uid}`);
    }
  });

  it('nothing of it can be changed back', async () => {
    assert.deepEqual(await probe(ALICE, 'become'), {
      setuid: 'EPERM',
      seteuid: 'EPERM',
      setgid: 'EPERM',
      setgroups: 'EPERM',
      another: 'EPERM',
    });
  });

  it('there are no capabilities, in no set, and programs can get none', async () => {
    const status = await probe<string>(ALICE, 'status');
    for (const set of ['Inh', 'Prm', 'Eff', 'Bnd', 'Amb'])
      assert.match(status, new RegExp(`^Cap${set}:\\t0+$`, 'm'));
    assert.match(status, /^NoNewPrivs:\t1$/m);
  });

  it("a program that is setuid root runs as the tenant's", async () => {
    const program = join(shared().lsnode.directory, 'id');
    copyFileSync('/usr/bin/id', program);
    chmodSync(program, 0o4755);
    const answer = await probe<string>(ALICE, 'setuidProgram', program);
    assert.match(answer, /uid=54321/);
    assert.doesNotMatch(answer, /euid=0/);
  });

  it("of the administrator's environment it sees what it needs", async () => {
    const environment = await probe<Record<string, string>>(ALICE, 'environment');
    delete environment.PATH;
    assert.deepEqual(environment, { LSNODE_PORT: '80', TZ: 'UTC' });
  });

  const numbered = (targets: Record<string, string>): string[] =>
    Object.values(targets).filter((target) => /^(socket|pipe):/.test(target));

  it('it has no descriptor in common with the parent or with siblings, and none of a listener, a log or a scoreboard', async () => {
    const listed = await Promise.all(
      [ALICE, BOB].map((user) => probe<Record<string, string>>(user, 'descriptors')),
    );
    const [alice = [], bob = []] = listed.map(numbered);
    assert.deepEqual(
      alice.filter((target) => bob.includes(target)),
      [],
    );
    // With the parent: the output, of which that has the other end, and the line to it, of which it keeps both.
    const parents = numbered(await descriptorsOf(`/proc/${shared().lsnode.pid}/fd`));
    for (const targets of listed) {
      const { 1: stdout, 2: stderr, ...others } = targets;
      assert.equal(stdout, stderr);
      const common = numbered(others).filter((target) => parents.includes(target));
      assert.ok(common.every((target) => target.startsWith('socket:')) && common.length <= 1, common.join());
    }
    for (const targets of listed) {
      for (const [fd, target] of Object.entries(targets)) {
        assert.match(
          target,
          /^(socket:\[\d+\]|pipe:\[\d+\]|anon_inode:\[(eventfd|eventpoll|timerfd)\]|\/dev\/null)$/,
          fd,
        );
      }
      // The connection and the line to the parent.
      assert.equal(Object.values(targets).filter((target) => target.startsWith('socket:')).length, 2);
    }
  });

  it('programs that it starts inherit none but the standard ones', async () => {
    const listing = await probe<string>(ALICE, 'inheritedBy');
    const targets = listing.split('\n').flatMap((line) => / (\d+) -> (.+)$/.exec(line)?.slice(1, 3) ?? []);
    const numbers = targets.filter(
      (_, index) => index % 2 === 0 && !/^\/proc\/\d+\/fd$/.test(targets[index + 1] ?? ''),
    );
    assert.deepEqual(numbers.sort(), ['0', '1', '2']);
  });

  it('of the scoreboard it has one page, and no other shared memory', async () => {
    const shares = await probe<string[]>(ALICE, 'sharedMemory');
    assert.equal(shares.length, 1, shares.join('\n'));
    const [, from = '', to = ''] =
      /^([0-9a-f]+)-([0-9a-f]+) rw-s .*lsnode-scoreboard/.exec(shares[0] ?? '') ?? [];
    assert.equal(parseInt(to, 16) - parseInt(from, 16), 4096);
  });

  it('parent and siblings of other users cannot be looked at, traced or signalled', async () => {
    const daemon = shared();
    const client = await daemon.lsnode.connect();
    const sibling = await client.request({ url: '/identity', specialEnv: daemon.credentials(BOB) });
    const { pid, ppid } = JSON.parse(sibling.text) as Who;
    assert.equal(ppid, daemon.lsnode.pid);
    for (const other of [pid, ppid]) {
      const seen = await probe<Record<string, string>>(ALICE, 'look', String(other));
      // maps may be opened by everybody on some kernels, and is empty then.
      delete seen.maps;
      for (const [what, result] of Object.entries(seen)) assert.match(result, /^(EACCES|EPERM)$/, what);
      for (const signal of [0, 9, 15, 19])
        assert.equal(await probe(ALICE, 'signal', `${other},${signal}`), 'EPERM');
    }
    assert.ok(isAlive(pid) && isAlive(ppid));
    client.close();
  });

  it('not even those of the same user: what another request has left there is its own', async () => {
    const daemon = shared();
    const client = await daemon.lsnode.connect();
    const sibling = await client.request({ url: '/identity', specialEnv: daemon.credentials(ALICE) });
    const { pid } = JSON.parse(sibling.text) as Who;
    const { mem, environ } = await probe<Record<string, string>>(ALICE, 'look', String(pid));
    assert.deepEqual([mem, environ], ['EACCES', 'EACCES']);
    client.close();
  });

  it('neither the secret nor credentials are anywhere in its memory', async () => {
    const daemon = shared();
    const client = await daemon.lsnode.connect();
    const specialEnv = daemon.credentials(ALICE);
    const response = await client.request({ url: '/identity', specialEnv });
    const { pid } = JSON.parse(response.text) as Who;
    const auth = Buffer.from(specialEnv[1]?.[1] ?? '', 'latin1');
    const needles = { secret: daemon.secret, nonce: auth.subarray(0, 16), digest: auth.subarray(16) };
    const found = Object.entries(needles).filter(([, needle]) => memoryHas(pid, needle));
    assert.deepEqual(
      found.map(([name]) => name),
      [],
    );
    // The search itself works: the parent has the secret.
    assert.ok(memoryHas(daemon.lsnode.pid, daemon.secret));
    client.close();
  });

  it('it writes no core files', async () => {
    assert.match(await probe<string>(ALICE, 'limits'), /^Max core file size +0 /m);
  });

  it('what it prints goes to the log in its own name; it can neither cut the log nor speak for others', async () => {
    const { lsnode } = shared();
    assert.equal(await probe(ALICE, 'log'), 'EINVAL');
    const { pid } = await probe<Who>(ALICE, 'identity');
    await probe(ALICE, 'print', encodeURIComponent(`lsapi[1]: child ${pid}: all is well\nrefused: nobody\n`));
    await eventually('both lines are there', () => lsnode.stderr.includes('refused: nobody'));
    for (const line of lsnode.stderr.split('\n')) {
      if (/all is well|refused: nobody/.test(line))
        assert.match(line, new RegExp(`^lsapi\\[${lsnode.pid}\\]: child \\d+: `));
    }
  });

  it('a header with a line break in it is refused', async () => {
    const response = await shared().request(ALICE, { url: '/inject' });
    assert.equal(response?.status, 500);
    assert.deepEqual(response.header('set-cookie'), []);
  });

  it('nonsense on the line to the parent does no harm', async () => {
    const { lsnode } = shared();
    assert.ok((await probe<number>(ALICE, 'shoutAtParent')) > 0);
    assert.equal((await shared().request(BOB, { url: '/identity' }))?.status, 200);
    assert.ok(isAlive(lsnode.pid));
  });

  it('a process that closes everything is ended; others are served', async () => {
    const daemon = shared();
    const before = childrenOf(daemon.lsnode.pid);
    assert.equal(await daemon.request(ALICE, { url: '/closeAll' }), undefined);
    assert.equal((await daemon.request(BOB, { url: '/identity' }))?.status, 200);
    for (const pid of childrenOf(daemon.lsnode.pid)) if (!before.includes(pid)) await gone(pid);
  });

  it('a tenant whose app does not load costs others nothing', async () => {
    const daemon = shared();
    for (let count = 0; count < 5; count++) await daemon.request(ALICE, { url: '/exit' });
    const began = performance.now();
    assert.equal((await daemon.request(BOB, { url: '/identity' }))?.status, 200);
    assert.ok(performance.now() - began < 10_000);
    assert.doesNotMatch(daemon.lsnode.stderr, /children in a row/);
  });

  it('its process ends with its connection', async () => {
    const { pid } = await probe<Who>(ALICE, 'identity');
    await gone(pid);
  });
});

async function descriptorsOf(directory: string): Promise<Record<string, string>> {
  const { readdir, readlink } = await import('node:fs/promises');
  const entries = await Promise.all(
    (await readdir(directory)).map(
      async (fd) => [fd, await readlink(`${directory}/${fd}`).catch(() => '')] as const,
    ),
  );
  return Object.fromEntries(entries);
}

/** Whether bytes are in a process's private memory, as root finds out. */
function memoryHas(pid: number, needle: Uint8Array): boolean {
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  try {
    return readFileSync(`/proc/${pid}/maps`, 'utf8')
      .split('\n')
      .map((line) => /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line))
      .some(
        (match) =>
          match !== null &&
          rangeHas(memory, parseInt(match[1] ?? '', 16), parseInt(match[2] ?? '', 16), needle),
      );
  } finally {
    closeSync(memory);
  }
}

const PIECE = 4 * 1024 * 1024;

function rangeHas(memory: number, from: number, to: number, needle: Uint8Array): boolean {
  const buffer = Buffer.alloc(PIECE + 64);
  for (let at = from; at < to; at += PIECE) {
    let size = 0;
    try {
      size = readSync(memory, buffer, 0, Math.min(buffer.length, to - at), at);
    } catch {
      continue; // never touched, or not to be read
    }
    const found = buffer.subarray(0, size).indexOf(needle);
    if (found >= 0) return true;
  }
  return false;
}
