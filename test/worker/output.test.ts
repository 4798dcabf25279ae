import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { lsnodes, nodeApp, rawApp, root } from '../cli/support/lsnode.js';
import { patience } from '../support/program-environment.js';

const prints = {
  'app.js': nodeApp(`
    console.log('to stdout'); console.error('to stderr');
    require('node:child_process').execSync('echo by a child', { stdio: 'inherit' });
    res.end('printed');`),
};

/** The text of a file, once it is there and matches. */
async function written(path: string, pattern: RegExp): Promise<string> {
  let text = '';
  for (const deadline = Date.now() + patience(10_000); Date.now() < deadline; await delay(5)) {
    text = existsSync(path) ? readFileSync(path, 'utf8') : '';
    if (pattern.test(text)) return text;
  }
  return assert.fail(`${path} has no ${String(pattern)} but: ${text}`);
}

describe('LSNODE_CONSOLE_LOG', () => {
  const start = lsnodes();

  it('takes what the app and its children write to stdout, behind what is there; stderr stays', async () => {
    const lsnode = start({
      files: { ...prints, 'console.log': 'before\n' },
      env: { LSNODE_CONSOLE_LOG: 'console.log' },
    });
    assert.equal((await (await lsnode.connect()).request()).text, 'printed');
    const text = await written(join(lsnode.directory, 'console.log'), /by a child/);
    assert.equal(text, 'before\nto stdout\nby a child\n');
    await lsnode.printed(/to stderr/);
    assert.doesNotMatch(lsnode.stderr, /to stdout|by a child/);
  });

  it('is relative to where lsnode was started, not to the app', async () => {
    const lsnode = start({
      files: { 'app/app.js': prints['app.js'] },
      env: { LSNODE_ROOT: 'app', LSNODE_CONSOLE_LOG: 'console.log' },
    });
    await (await lsnode.connect()).request();
    await written(join(lsnode.directory, 'console.log'), /to stdout/);
  });

  it('that cannot be opened is named in the log, and stdout goes there too', async () => {
    const lsnode = start({ files: prints, env: { LSNODE_CONSOLE_LOG: 'missing/console.log' } });
    assert.equal((await (await lsnode.connect()).request()).text, 'printed');
    await lsnode.printed(/^lsapi\[\d+\]: LSNODE_CONSOLE_LOG="missing\/console.log" is not used: ENOENT/m);
    await lsnode.printed(/^to stdout$/m);
  });
});

describe('LSAPI_STDERR_LOG', () => {
  const start = lsnodes();

  it('takes all that is logged and printed, warnings about the settings included; root does not read it', async () => {
    const lsnode = start({
      files: prints,
      env: { LSAPI_STDERR_LOG: 'stderr.log', LSAPI_MAX_REQS: 'many' },
    });
    assert.equal((await (await lsnode.connect()).request()).text, 'printed');
    const path = join(lsnode.directory, 'stderr.log');
    if (process.getuid?.() === 0) {
      await lsnode.printed(/by a child/);
      assert.equal(existsSync(path), false);
      return;
    }
    const text = await written(path, /by a child/);
    for (const part of ['to stdout', 'to stderr', 'LSAPI_MAX_REQS']) assert.ok(text.includes(part), part);
    assert.equal(lsnode.stderr + lsnode.stdout, '');
  });
});

describe('Log files', () => {
  let directory = '';
  beforeEach(() => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), 'lsnode-test-')));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  /** What a process prints that opens logs and writes a line to each of its descriptors. */
  function opened(logs: { stderrLog?: string; consoleLog?: string }): { stdout: string; stderr: string } {
    const script = `
      const { openLogs } = await import(${JSON.stringify(join(root, 'dist-dev/lib/cli/output.js'))});
      openLogs(${JSON.stringify(logs)});
      console.log('to stdout'); console.error('to stderr');`;
    const result = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd: directory,
      encoding: 'utf8',
    });
    assert.equal(result.status, 0, result.stderr);
    return result;
  }
  const contents = (name: string): string => readFileSync(join(directory, name), 'utf8');

  it('take stderr and stdout, and are readable to everybody', () => {
    const { stdout, stderr } = opened({ stderrLog: 'stderr.log' });
    assert.equal(stdout + stderr, '');
    assert.deepEqual(contents('stderr.log').trim().split('\n').sort(), ['to stderr', 'to stdout']);
    const { mode } = statSync(join(directory, 'stderr.log'));
    assert.equal(mode & 0o777, 0o644 & ~process.umask());
  });

  it('are told apart where both are given', () => {
    const { stdout, stderr } = opened({ stderrLog: 'stderr.log', consoleLog: 'console.log' });
    assert.equal(stdout + stderr, '');
    assert.equal(contents('stderr.log'), 'to stderr\n');
    assert.equal(contents('console.log'), 'to stdout\n');
  });

  it('are appended to, through a link as well', () => {
    writeFileSync(join(directory, 'real.log'), 'before\n');
    symlinkSync('real.log', join(directory, 'link.log'));
    opened({ consoleLog: 'link.log' });
    assert.equal(contents('real.log'), 'before\nto stdout\n');
  });

  it('are none of those below /etc, whatever way leads there, nor what a dangling link points at', () => {
    symlinkSync('/etc', join(directory, 'etc'));
    symlinkSync('/etc/hostname', join(directory, 'hostname'));
    symlinkSync('nowhere', join(directory, 'dangling'));
    const before = readdirSync('/etc');
    for (const path of ['/etc/lsnode-test.log', 'etc/lsnode-test.log', 'hostname', '/tmp/../etc/passwd']) {
      const { stdout, stderr } = opened({ stderrLog: path });
      assert.match(stderr, /LSAPI_STDERR_LOG=".*" is not used: no log is written below \/etc\//, path);
      assert.match(stderr, /to stderr/);
      assert.equal(stdout, 'to stdout\n');
    }
    assert.match(opened({ stderrLog: 'dangling' }).stderr, /is not used: ELOOP/);
    assert.deepEqual(readdirSync(directory).sort(), ['dangling', 'etc', 'hostname']);
    assert.deepEqual(readdirSync('/etc'), before);
  });

  it('that are no files are refused with the reason', () => {
    assert.match(opened({ stderrLog: '.' }).stderr, /LSAPI_STDERR_LOG="\." is not used: EISDIR/);
    assert.match(opened({ stderrLog: 'no/such/directory' }).stderr, /is not used: ENOENT/);
  });
});

describe('Core files', () => {
  const start = lsnodes();
  const files = {
    'app.js': nodeApp(
      `res.end(require('node:fs').readFileSync('/proc/self/limits', 'utf8').match(/^Max core file size.*/m)[0])`,
    ),
  };
  /** What this process may set: its own hard limit. */
  const allowed = execFileSync('sh', ['-c', 'ulimit -H -c'], { encoding: 'utf8' }).trim();

  it('are forbidden, for good', async () => {
    const lsnode = start({ files });
    assert.match((await (await lsnode.connect()).request()).text, /size +0 +0 /);
  });

  it('are left to the system with LSAPI_ALLOW_CORE_DUMP, whatever its value', async () => {
    const lsnode = start({
      files,
      env: { LSAPI_ALLOW_CORE_DUMP: '0' },
      wrap: (command) => ['sh', '-c', `ulimit -S -c ${allowed}; exec "$@"`, 'sh', ...command],
    });
    const expected = readFileSync('/proc/self/limits', 'utf8').match(/^Max core file size +\S+ +(\S+)/m)?.[1];
    const { text } = await (await lsnode.connect()).request();
    assert.deepEqual(/size +(\S+) +(\S+)/.exec(text)?.slice(1), [expected, expected]);
  });
});

describe('LSAPI_SLOW_REQ_MSECS', () => {
  const start = lsnodes();

  for (const [style, files] of Object.entries({
    raw: {
      'app.mjs': rawApp(
        'if (request.url === "/slow") await delay(150); response.send(200, null, request.url)',
      ),
    },
    node: { 'app.js': nodeApp('if (req.url === "/slow") await delay(150); res.end(req.url)') },
  })) {
    it(`logs requests that take longer, and no others (${style} style)`, async () => {
      const slow = start({ files, env: { LSAPI_SLOW_REQ_MSECS: '100' } });
      await (await slow.connect()).request({ url: '/slow' });
      const [, took] = await slow.printed(
        /^lsapi\[\d+\]: slow request: GET \/slow took (\d+) ms.*\(LSAPI_SLOW_REQ_MSECS\)$/m,
      );
      assert.ok(Number(took) > 100, took);
      const patient = start({ files, env: { LSAPI_SLOW_REQ_MSECS: '60000' } });
      const client = await patient.connect();
      await client.request({ url: '/slow' });
      await client.request({ url: '/fast' });
      assert.equal(patient.stderr, '');
    });
  }
});

describe('LSAPI_ACCEPT_NOTIFY', () => {
  const start = lsnodes();

  for (const [style, files] of Object.entries({
    raw: { 'app.mjs': rawApp('response.send(200, null, "answer")') },
    node: { 'app.js': nodeApp('res.end("answer")') },
  })) {
    it(`acknowledges a connection when it is accepted, and no request on it (${style} style)`, async () => {
      const lsnode = start({ files, env: { LSAPI_ACCEPT_NOTIFY: '1' } });
      const client = await lsnode.connect();
      await client.until(() => client.response.acknowledged);
      for (let n = 0; n < 3; n++) {
        const response = await client.request();
        assert.deepEqual([response.text, response.acknowledged], ['answer', false]);
      }
    });
  }

  it('leaves the one connection of a worker that did not accept it as it is', async () => {
    const files = { 'app.mjs': rawApp('response.send(200, null, "answer")') };
    const lsnode = start({ files, stdin: 'connected', env: { LSAPI_ACCEPT_NOTIFY: '1' } });
    for (let n = 0; n < 2; n++) assert.equal((await lsnode.connection.request()).acknowledged, true);
  });
});
