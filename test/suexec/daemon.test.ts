// A suEXEC daemon's life: what it starts with, whose home it is, reloads, scripts, roots, CloudLinux.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { lsnodes } from '../cli/support/lsnode.js';
import { eventually, serving } from '../process-group/support/group.js';
import { ALICE, BOB, daemons, needsRoot, secretFile } from './support/daemon.js';
import { PROBE_APP } from './support/probe.js';

/** A script that says whom it runs as. */
const SCRIPT = `export default { fetch: () => Response.json({ user: process.getuid(), home: process.env.HOME ?? null }) };`;

describe('suEXEC daemon: start', () => {
  needsRoot();
  const start = lsnodes();
  const made: string[] = [];
  afterEach(() => {
    for (const path of made.splice(0)) rmSync(dirname(path), { recursive: true, force: true });
  });

  function secret(bytes?: Uint8Array, mode?: number): string {
    const path = secretFile(bytes, mode);
    made.push(path);
    return path;
  }

  const OBJECTIONS: Record<string, [make: () => string, reason: RegExp]> = {
    'is missing': [() => `${secret()}-not`, /cannot be read: No such file/],
    'may be read by its group': [() => secret(undefined, 0o640), /open to others than its owner; chmod 600/],
    'may be read by everybody': [() => secret(undefined, 0o604), /open to others/],
    'may be written by everybody': [() => secret(undefined, 0o602), /open to others/],
    'belongs to somebody else': [
      () => {
        const path = secret();
        chownSync(path, ALICE.uid, ALICE.gid);
        return path;
      },
      /belongs to user 54321, not to 0/,
    ],
    'is too short': [() => secret(Buffer.alloc(15)), /fewer than 16 bytes/],
    'is empty': [() => secret(Buffer.alloc(0)), /fewer than 16 bytes/],
    'is a symbolic link to a good one': [
      () => {
        const path = secret();
        symlinkSync(path, `${path}-link`);
        return `${path}-link`;
      },
      /is a symbolic link/,
    ],
    'is a directory': [() => dirname(secret()), /no regular file/],
    'is a pipe that nobody writes to': [
      () => {
        const path = `${secret()}-pipe`;
        execFileSync('mkfifo', ['-m', '600', path]);
        return path;
      },
      /no regular file/,
    ],
    'has no name': [() => '', /cannot be read/],
  };

  for (const [what, [make, reason]] of Object.entries(OBJECTIONS)) {
    it(`is refused where the secret ${what}; nobody is served as root instead`, async () => {
      const lsnode = start({
        files: { 'app.mjs': SCRIPT },
        args: ['app.mjs'],
        env: { LSAPI_SECRET: make() },
      });
      assert.equal(await lsnode.exitCode(), 1);
      assert.match(lsnode.stderr, reason);
      assert.match(lsnode.stderr, /suEXEC daemon does not start: LSAPI_SECRET: .*\[LSAPI_ERR_SUEXEC\]/);
    });
  }

  it('is refused on a connection in place of a listening socket', async () => {
    const lsnode = start({
      files: { 'app.mjs': SCRIPT },
      args: ['app.mjs'],
      stdin: 'connected',
      env: { LSAPI_SECRET: secret() },
    });
    assert.equal(await lsnode.exitCode(), 1);
    assert.match(lsnode.stderr, /needs a listening socket\. \[LSAPI_ERR_SUEXEC\]/);
  });

  it('is refused with --http, whose gateway has no users', async () => {
    const lsnode = start({
      files: { 'app.mjs': SCRIPT },
      args: ['--http', '127.0.0.1:0', 'app.mjs'],
      stdin: 'none',
      env: { LSAPI_SECRET: secret() },
    });
    assert.equal(await lsnode.exitCode(), 1);
    assert.match(lsnode.stderr, /--http has no users to serve.*\[LSAPI_ERR_SUEXEC\]/s);
  });

  it('default users of the library are told to be none: there is no fallback', async () => {
    const lsnode = start({
      files: { 'app.mjs': SCRIPT },
      args: ['app.mjs'],
      env: { LSAPI_SECRET: secret(), LSAPI_DEFAULT_UID: '99' },
    });
    await lsnode.printed(/LSAPI_DEFAULT_UID is not used: requests without valid credentials are refused/);
    lsnode.child.kill('SIGTERM');
  });

  it('somebody else than root is no daemon, and says so', async () => {
    const lsnode = start({
      files: { 'app.mjs': SCRIPT },
      args: ['app.mjs'],
      env: { LSAPI_SECRET: '/nowhere' },
      wrap: ([node = '', ...rest]) => [
        'setpriv',
        '--reuid',
        String(ALICE.uid),
        '--regid',
        String(ALICE.gid),
        '--clear-groups',
        node,
        ...rest,
      ],
    });
    chmodSync(lsnode.directory, 0o755);
    await lsnode.printed(/LSAPI_SECRET is not used: only root can be a suEXEC daemon/);
    const client = await lsnode.connect();
    assert.deepEqual(JSON.parse((await client.request()).text), { user: ALICE.uid, home: null });
  });
});

describe('suEXEC daemon: life', () => {
  const start = daemons();

  it('loads new code after SIGHUP, and never as root', async () => {
    const daemon = start({ 'app.mjs': PROBE_APP });
    assert.equal((await daemon.request(ALICE, { url: '/identity' }))?.status, 200);
    const kept = await daemon.lsnode.connect();
    assert.equal((await kept.request({ url: '/identity', specialEnv: daemon.credentials(BOB) })).status, 200);
    daemon.lsnode.child.kill('SIGHUP');
    await serving(daemon.lsnode, 2);
    assert.equal((await daemon.request(ALICE, { url: '/identity' }))?.status, 200);
    // What a child of the last generation prints is still heard.
    await eventually('both have loaded it', () => /loaded by user 54322/.test(daemon.lsnode.stderr));
    assert.doesNotMatch(daemon.lsnode.stderr, /loaded by user 0/);
  });

  it('serves scripts as their owner, and refuses those of others, outside the roots, and behind links', async () => {
    const daemon = start({}, { args: ['--scripts', '.'] });
    const { directory } = daemon.lsnode;
    const site = (user: typeof ALICE): string => join(directory, String(user.uid));
    for (const user of [ALICE, BOB]) {
      mkdirSync(site(user), { mode: 0o755 });
      writeFileSync(join(site(user), 'index.mjs'), SCRIPT, { mode: 0o644 });
      chownSync(join(site(user), 'index.mjs'), user.uid, user.gid);
    }
    symlinkSync(join(site(BOB), 'index.mjs'), join(site(ALICE), 'link.mjs'));
    writeFileSync(join(site(ALICE), 'writable.mjs'), SCRIPT);
    chownSync(join(site(ALICE), 'writable.mjs'), ALICE.uid, ALICE.gid);
    chmodSync(join(site(ALICE), 'writable.mjs'), 0o666);
    const ask = async (
      user: typeof ALICE,
      file: string,
      root = site(user),
    ): Promise<[number | undefined, string]> => {
      const response = await daemon.request(user, {
        env: { SCRIPT_FILENAME: file, DOCUMENT_ROOT: root, SCRIPT_NAME: '/index.mjs' },
      });
      return [response?.status, response?.text ?? ''];
    };
    for (const user of [ALICE, BOB]) {
      const [status, text] = await ask(user, join(site(user), 'index.mjs'));
      assert.equal(status, 200, text);
      assert.deepEqual(JSON.parse(text), { user: user.uid, home: null });
    }
    const ATTEMPTS: [file: string, root: string, log: RegExp][] = [
      [join(site(BOB), 'index.mjs'), site(ALICE), /not inside/],
      [join(site(BOB), 'index.mjs'), directory, /belongs to user 54322, and this process runs as 54321/],
      [`${site(ALICE)}/../${BOB.uid}/index.mjs`, site(ALICE), /not inside/],
      [join(site(ALICE), 'link.mjs'), site(ALICE), /not inside/],
      [join(site(ALICE), 'writable.mjs'), site(ALICE), /others than its owner may write/],
      ['index.mjs', site(ALICE), /without an absolute path/],
      ['/etc/passwd', '/', /SyntaxError/],
    ];
    for (const [file, root, log] of ATTEMPTS) {
      const from = daemon.lsnode.stderr.length;
      const [status] = await ask(ALICE, file, root);
      assert.notEqual(status, 200, file);
      await eventually(`the log says ${String(log)}`, () => log.test(daemon.lsnode.stderr.slice(from)));
    }
  });

  it('a log of the user is opened as the user', async () => {
    const daemon = start({ 'app.mjs': PROBE_APP });
    const own = mkdtempSync(join(tmpdir(), 'lsapi-log-'));
    chownSync(own, ALICE.uid, ALICE.gid);
    const forRoot = join(daemon.lsnode.directory, 'root.log');
    await daemon.request(ALICE, {
      url: '/print?written',
      env: { LSAPI_STDERR_LOG: join(own, 'stderr.log') },
    });
    await eventually('it is there', () => readFileSync(join(own, 'stderr.log'), 'utf8').includes('written'));
    await daemon.request(ALICE, { url: '/print?lost', env: { LSAPI_STDERR_LOG: forRoot } });
    await eventually('the refusal is told', () =>
      /LSAPI_STDERR_LOG=".*root\.log" is not used: EACCES/.test(daemon.lsnode.stderr),
    );
    rmSync(own, { recursive: true });
  });

  it('LSNODE_CHROOT: the directory is all that there is', async () => {
    const jail = mkdtempSync(join(tmpdir(), 'lsapi-jail-'));
    chmodSync(jail, 0o755);
    mkdirSync(join(jail, String(ALICE.uid), 'site'), { recursive: true });
    writeFileSync(join(jail, String(ALICE.uid), 'site/app.mjs'), PROBE_APP);
    const daemon = start(
      {},
      { args: [join(jail, String(ALICE.uid), 'site/app.mjs')], env: { LSNODE_CHROOT: `${jail}/%U` } },
    );
    const response = await daemon.request(ALICE, { url: '/list?/' });
    assert.deepEqual(JSON.parse(response?.text ?? ''), ['site'], daemon.lsnode.stderr);
    const outside = await daemon.request(ALICE, { url: `/read?${encodeURIComponent('/../../etc/passwd')}` });
    assert.equal(outside?.text, '"ENOENT"');
    // A user without such a directory gets nothing at all.
    assert.equal((await daemon.request(BOB, { url: '/list?/' }))?.status, 403);
    await daemon.lsnode.printed(/cannot become user 54322: chroot: No such file.*\[LSAPI_ERR_PRIVILEGES\]/);
    rmSync(jail, { recursive: true });
  });

  for (const chroot of ['%h', '/srv/%u', '%U']) {
    it(`LSNODE_CHROOT=${chroot}: a user for whom that is no directory gets none of another's, and not the whole system`, async () => {
      const daemon = start({ 'app.mjs': PROBE_APP }, { env: { LSNODE_CHROOT: chroot } });
      assert.equal((await daemon.request(ALICE, { url: '/list?/' }))?.status, 403);
      await daemon.lsnode.printed(/user 54321 has no root directory.*\[LSAPI_ERR_PRIVILEGES\]/);
      assert.doesNotMatch(daemon.lsnode.stderr, /loaded by/);
    });
  }

  it('a user of the database gets its home and its groups, but never those of root', async function () {
    const name = `lsapi-test-${process.pid}`;
    const added = spawnSync('useradd', [
      '--no-create-home',
      '--home-dir',
      '/nonexistent',
      '--groups',
      'root,users',
      name,
    ]);
    if (added.status !== 0) throw new Error(`useradd: ${String(added.stderr)}`);
    try {
      const numbers = ['-u', '-g'].map((option) =>
        Number(execFileSync('id', [option, name], { encoding: 'utf8' })),
      );
      const user = { uid: numbers[0] ?? 0, gid: numbers[1] ?? 0 };
      const users = Number(execFileSync('getent', ['group', 'users'], { encoding: 'utf8' }).split(':')[2]);
      const daemon = start({ 'app.mjs': PROBE_APP });
      const environment = await daemon.request(user, { url: '/environment' });
      const { HOME, USER, LOGNAME } = JSON.parse(environment?.text ?? '') as Record<string, string>;
      assert.deepEqual([HOME, USER, LOGNAME], ['/nonexistent', name, name]);
      const identity = await daemon.request(user, { url: '/identity' });
      const { supplementary } = JSON.parse(identity?.text ?? '') as { supplementary: number[] };
      assert.deepEqual(supplementary.sort(), [user.gid, users].sort());
      // In a group that is not its own it is in no other.
      const other = await daemon.request({ uid: user.uid, gid: users }, { url: '/identity' });
      assert.deepEqual((JSON.parse(other?.text ?? '') as { supplementary: number[] }).supplementary, [users]);
    } finally {
      spawnSync('userdel', [name]);
    }
  });
});

describe('suEXEC daemon: CloudLinux', () => {
  const start = daemons();
  const LIBRARY = `
    #include <pwd.h>
    #include <stdint.h>
    #include <stdio.h>
    #include <stdlib.h>
    int lve_is_available(void) { return 1; }
    int lve_instance_init(void* instance) { if (!instance) return 64; *(int*)instance = 7; return 0; }
    int lve_enter(void* instance, uint32_t uid, int32_t a, int32_t b, uint32_t* cookie) {
      if (*(int*)instance != 7 || a != -1 || b != -1) abort();
      *cookie = 1;
      fprintf(stderr, "entered the LVE of %u\\n", uid);
      return uid == ${BOB.uid} ? -1 : 0;
    }
    int jail(struct passwd* user, char* error) { fprintf(stderr, "jail of %s\\n", user->pw_name); return 0; }
  `;
  let directory = '';
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'lsapi-lve-'));
    writeFileSync(join(directory, 'lve.c'), LIBRARY);
    execFileSync('gcc', ['-shared', '-fPIC', '-o', join(directory, 'liblve.so.0'), join(directory, 'lve.c')]);
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  it('LSAPI_LVE_ENABLE=1: a child enters the LVE of its user; one whose limit is reached gets 508', async () => {
    const daemon = start(
      { 'app.mjs': PROBE_APP },
      { env: { LSAPI_LVE_ENABLE: '1', LD_LIBRARY_PATH: directory } },
    );
    assert.equal((await daemon.request(ALICE, { url: '/identity' }))?.status, 200);
    await daemon.lsnode.printed(/entered the LVE of 54321/);
    assert.equal((await daemon.request(BOB, { url: '/identity' }))?.status, 508);
    await daemon.lsnode.printed(/refused: user 54322: lve_enter\(\) failed.*\[LSAPI_ERR_LVE\]/);
  });

  it('LSAPI_LVE_ENABLE=2: whoever has no cage, because nobody knows the user, is refused', async () => {
    const daemon = start(
      { 'app.mjs': PROBE_APP },
      { env: { LSAPI_LVE_ENABLE: '2', LD_LIBRARY_PATH: directory } },
    );
    assert.equal((await daemon.request(ALICE, { url: '/identity' }))?.status, 403);
    await daemon.lsnode.printed(/no cage for it \[LSAPI_ERR_LVE\]/);
    const nobody = { uid: 65_534, gid: 65_534 };
    assert.equal((await daemon.request(nobody, { url: '/identity' }))?.status, 200);
    await daemon.lsnode.printed(/jail of nobody/);
  });

  it('without the library: told in the log, and without limits', async () => {
    const daemon = start({ 'app.mjs': PROBE_APP }, { env: { LSAPI_LVE_ENABLE: '1' } });
    assert.equal((await daemon.request(ALICE, { url: '/identity' }))?.status, 200);
    await daemon.lsnode.printed(
      /LSAPI_LVE_ENABLE: liblve\.so\.0: cannot open shared object file.*without limits/,
    );
  });
});
