import assert from 'node:assert/strict';
import { join } from 'node:path';
import { FakeServer, lsnode } from '../install/support/server.js';
import { assertOnly, examined, type Result } from './support/patient.js';

describe('lsnode doctor, of this environment', function () {
  this.timeout(240_000);
  const patient = new FakeServer();
  const nowhere = ['--proc', patient.directory];

  after(() => patient.remove());

  /** Looks at the app, with these variables, below `prlimit` with these options. */
  async function look(
    env: Readonly<Record<string, string>>,
    limits: readonly string[] = [],
    ...options: readonly string[]
  ): Promise<Result> {
    const wrap = limits.length === 0 ? [] : ['prlimit', ...limits];
    return examined(await lsnode(['doctor', patient.app, '--json', '--static', ...options], { env, wrap }));
  }

  it('finds nothing where nothing is wrong', async () => {
    const { findings, run } = await look({ LSAPI_CHILDREN: '10', LSNODE_CONCURRENCY: '5' });
    assert.deepEqual(findings, []);
    assert.equal(run?.code, 0);
  });

  it('finds that the addon does not load', async () => {
    const { findings, run } = await look({ NODE_OPTIONS: '--no-addons' });
    assert.deepEqual(
      findings.map(({ code }) => code),
      ['LSAPI_DOCTOR_NODE_FLAGS', 'LSAPI_DOCTOR_ADDON'],
    );
    assert.match(findings[0]?.remedy ?? '', /--no-addons out of NODE_OPTIONS/);
    assert.match(findings[1]?.remedy ?? '', /npm rebuild/);
    assert.equal(run?.code, 1);
  });

  it('finds a limit on address space', async () => {
    assertOnly(await look({}, ['--as=200000000000']), 'LSAPI_DOCTOR_ADDRESS_SPACE', 'warning', {
      remedy: /ulimit -v unlimited.*LSNODE_MAX_MEMORY/,
    });
  });

  it('finds a limit on open files below what the children need', async () => {
    assertOnly(await look({ LSAPI_CHILDREN: '300' }, ['--nofile=256']), 'LSAPI_DOCTOR_OPEN_FILES', 'error', {
      remedy: /ulimit -n.*LSAPI_CHILDREN/,
    });
  });

  it('finds that core files are wanted and forbidden', async () => {
    const result = await look({ LSAPI_ALLOW_CORE_DUMP: '1' }, ['--core=0']);
    assertOnly(result, 'LSAPI_DOCTOR_CORE', 'warning', { remedy: /ulimit -c unlimited/ });
  });

  it('finds that --bind has an address on which nobody listens', async () => {
    const result = await look({}, [], '--bind', join(patient.directory, 'none.sock'));
    assertOnly(result, 'LSAPI_DOCTOR_SOCKET_MISSING', 'error', {
      remedy: /Start lsnode --bind .*none\.sock/,
    });
  });

  it('finds that proc(5) is not mounted', async () => {
    assertOnly(await look({}, [], ...nowhere), 'LSAPI_DOCTOR_PROC', 'error', { remedy: /mount -t proc/ });
  });

  it('finds that proc(5) hides processes', async () => {
    const proc = join(patient.directory, 'proc');
    patient.write('proc/self/maps', '');
    patient.write('proc/self/limits', '');
    patient.write(
      'proc/self/mountinfo',
      `22 28 0:21 / ${proc} rw,nosuid shared:13 - proc proc rw,hidepid=invisible\n`,
    );
    assertOnly(await look({}, [], '--proc', proc), 'LSAPI_DOCTOR_PROC', 'warning', {
      what: /hidepid=invisible/,
      remedy: /root.*gid=/,
    });
  });

  it('says so in words, errors first, with a remedy for each', async () => {
    const { stdout, code } = await lsnode(['doctor', patient.app, '--static', ...nowhere], {
      env: { LSAPI_CHILDREN: 'many' },
    });
    assert.match(
      stdout,
      /^Looked at the environment with Node [^]*\nError \[LSAPI_DOCTOR_PROC\] [^]*\n {2}Why it matters: .*\n {2}Remedy: .*\n\nWarning \[LSAPI_DOCTOR_SETTING\] [^]*\n1 error, 1 warning\.\n$/,
    );
    assert.equal(code, 1);
  });

  it('refuses options that it does not have, and a server that is not there', async () => {
    const unknown = await lsnode(['doctor', '--jsn']);
    assert.match(unknown.stderr, /Unknown option --jsn\. Did you mean --json\? \[LSAPI_ERR_OPTION\]/);
    assert.equal(unknown.code, 1);
    const { findings } = await look({}, [], '--server-root', '/srv/no-such-server');
    assert.deepEqual(
      findings.map(({ code }) => code),
      ['LSAPI_DOCTOR_SERVER'],
    );
  });
});
