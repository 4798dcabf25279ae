import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { lsnodes, nodeApp, type Lsnode, type LsnodeOptions } from './support/lsnode.js';

describe('lsnode --http', () => {
  const start = lsnodes();

  function startHttp(body: string, options: LsnodeOptions = {}): Lsnode {
    return start({ files: { 'app.js': nodeApp(body) }, stdin: 'none', args: ['--http', '0'], ...options });
  }

  async function url(lsnode: Lsnode): Promise<string> {
    return (await lsnode.printed(/^(http:\/\/127\.0\.0\.1:\d+\/)$/m))[1] ?? '';
  }

  it('prints the URL that answers once it does', async () => {
    const lsnode = startHttp('res.end(`${req.method} ${req.url} ${req.lsapi.env.SERVER_PROTOCOL}`)');
    const response = await fetch(`${await url(lsnode)}path?query`, { method: 'PUT' });
    assert.equal(await response.text(), 'PUT /path?query HTTP/1.1');
    assert.match(lsnode.stdout, /^http:\/\/127\.0\.0\.1:\d+\/\n/);
  });

  it('delivers files of --document-root that a response names, in a process group too', async () => {
    for (const children of [undefined, '2']) {
      const lsnode = startHttp('', {
        files: {
          'app.js': nodeApp("res.setHeader('X-LiteSpeed-Location', '/a.txt').end()"),
          'site/a.txt': 'the file',
        },
        args: ['--http', '0', '--document-root', 'site'],
        ...(children !== undefined && { env: { LSAPI_CHILDREN: children } }),
      });
      assert.equal(await (await fetch(await url(lsnode))).text(), 'the file');
      lsnode.child.kill('SIGTERM'); // a group is a program of its own
      assert.equal(await lsnode.exitCode(), 0);
    }
  });

  it('refuses a --document-root that is no directory', async () => {
    const lsnode = startHttp('', { args: ['--http', '0', '--document-root', 'none'] });
    assert.equal(await lsnode.exitCode(), 1);
    assert.match(lsnode.stderr, /--document-root: .*none is no directory\. Name the one/);
  });

  it("leaves the app's standard output and input alone", async () => {
    const lsnode = startHttp('console.log("to stdout"); res.end("it")');
    await (await fetch(await url(lsnode))).text();
    await lsnode.printed(/to stdout/);
    assert.match(lsnode.stdout, /to stdout\n/);
  });

  it('prints a line for each request', async () => {
    const lsnode = startHttp('res.end("it")');
    await (await fetch(`${await url(lsnode)}logged`)).text();
    await lsnode.printed(/"GET \/logged HTTP\/1\.1" 200 2 /);
  });

  it('listens on a Unix socket as well', async () => {
    const lsnode = startHttp('res.end("it")', { args: ['--http', './http.sock'] });
    await lsnode.printed(/http\.sock\n/);
    const socketPath = join(lsnode.directory, 'http.sock');
    const answer = await new Promise<string>((resolve, reject) => {
      request({ socketPath, path: '/' }, (response) => resolve(text(response)))
        .on('error', reject)
        .end();
    });
    assert.equal(answer, 'it');
  });

  for (const bind of ['./own.sock', '127.0.0.1:0'] as const) {
    it(`stands in front of --bind ${bind} too`, async () => {
      const address =
        bind === './own.sock' ? bind : `127.0.0.1:${30_000 + Math.floor(Math.random() * 20_000)}`;
      const lsnode = startHttp('res.end("it")', { args: ['--http', '0', '--bind', address] });
      assert.equal(await (await fetch(await url(lsnode))).text(), 'it');
      const target = bind === './own.sock' ? join(lsnode.directory, bind) : Number(address.split(':')[1]);
      assert.equal((await (await lsnode.connect(target)).request()).text, 'it');
    });
  }

  it('an address in use: says so, exit status 1', async () => {
    const first = startHttp('res.end("it")');
    const { port } = new URL(await url(first));
    const second = startHttp('res.end("it")', { args: ['--http', port] });
    assert.equal(await second.exitCode(), 1);
    assert.match(second.stderr, /EADDRINUSE|in use/);
    assert.match(second.stderr, /LSAPI_ERR_LISTEN\]\n$/);
  });

  it('shows the stack of an error, unless NODE_ENV is production', async () => {
    for (const [env, shown] of [
      [{}, true],
      [{ NODE_ENV: 'production' }, false],
    ] as const) {
      const lsnode = startHttp('throw new Error("the reason")', { env });
      const response = await fetch(await url(lsnode));
      assert.equal(response.status, 500);
      assert.equal((await response.text()).includes('the reason'), shown);
    }
  });

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    it(`ends at once by ${signal}, and leaves nothing behind`, async () => {
      const lsnode = startHttp('res.end("it")', {
        env: { TMPDIR: './tmp' },
        files: { 'app.js': nodeApp('res.end("it")'), 'tmp/.keep': '' },
      });
      await (await fetch(await url(lsnode))).text();
      const temporary = join(lsnode.directory, 'tmp');
      assert.equal(readdirSync(temporary).length, 2);
      lsnode.child.kill(signal);
      assert.equal(await lsnode.exitCode(1000), 0);
      assert.deepEqual(readdirSync(temporary), ['.keep']);
    });
  }

  it('leaves nothing behind when the app brings it down', async () => {
    const lsnode = startHttp('setTimeout(() => { throw new Error("down"); })', {
      env: { TMPDIR: './tmp' },
      files: { 'app.js': nodeApp('setTimeout(() => { throw new Error("down"); })'), 'tmp/.keep': '' },
    });
    await fetch(await url(lsnode)).catch(() => undefined);
    assert.equal(await lsnode.exitCode(1000), 1);
    assert.deepEqual(readdirSync(join(lsnode.directory, 'tmp')), ['.keep']);
  });

  it('finishes what runs', async () => {
    const lsnode = startHttp('res.write("begun, "); await delay(200); res.end("finished")');
    const response = await fetch(await url(lsnode));
    lsnode.child.kill('SIGTERM');
    assert.equal(await response.text(), 'begun, finished');
    assert.equal(await lsnode.exitCode(1000), 0);
  });

  it('says where a temporary directory cannot be made', async () => {
    const lsnode = startHttp('res.end("it")', { env: { TMPDIR: '/nonexistent/directory' } });
    assert.equal(await lsnode.exitCode(), 1);
    assert.match(lsnode.stderr, /Cannot make a directory .*TMPDIR/);
    assert.ok(!existsSync('/nonexistent'));
  });
});
