import assert from 'node:assert/strict';
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, type Lsnode } from '../cli/support/lsnode.js';
import { eventually, groups } from '../process-group/support/group.js';
import { requestOnce } from '../support/lsapi-client.js';

const script = (version: string): string =>
  `exports.application = (req, res) => res.end('${version} ' + process.pid);`;

/** The answer of a script to a request on a connection of its own: version and process id. */
async function ask(lsnode: Lsnode, name = 'a.cjs', env: Record<string, string> = {}): Promise<string[]> {
  const response = await requestOnce(lsnode.socketPath, {
    url: `/${name}`,
    env: {
      DOCUMENT_ROOT: lsnode.directory,
      SCRIPT_FILENAME: join(lsnode.directory, name),
      SCRIPT_NAME: `/${name}`,
      ...env,
    },
  });
  assert.equal(response.status, 200, response.text);
  return response.text.split(' ');
}

/** Replaces a script; never seen half written. */
function write(lsnode: Lsnode, name: string, text: string): void {
  const path = join(lsnode.directory, name);
  rmSync(path);
  writeFileSync(path, text);
  chmodSync(path, 0o644);
}

describe('lsnode --scripts', function () {
  this.timeout(30_000);
  const start = groups();

  it('serves in one process, which ends when a script has changed', async () => {
    const lsnode = start({ LSAPI_CHILDREN: '1' }, { files: { 'a.cjs': script('one') }, args: ['--scripts'] });
    assert.deepEqual(await ask(lsnode), ['one', String(lsnode.pid)]);
    write(lsnode, 'a.cjs', script('two'));
    assert.equal(await lsnode.exitCode(), 0);
    assert.match(lsnode.stderr, /a\.cjs has changed; this process ends, and the next one loads it/);
  });

  it('goes on with WSGIScriptReloading Off', async () => {
    const files = { 'a.cjs': script('one'), 'b.cjs': script('one') };
    const lsnode = start({ LSAPI_CHILDREN: '1' }, { files, args: ['--scripts'] });
    await ask(lsnode, 'a.cjs', { WSGIScriptReloading: 'Off' });
    write(lsnode, 'a.cjs', script('two'));
    await ask(lsnode, 'b.cjs'); // this one is watched, and a change of it found
    write(lsnode, 'b.cjs', script('two'));
    await lsnode.printed(/b\.cjs has changed/);
    assert.doesNotMatch(lsnode.stderr, /a\.cjs has changed/);
  });

  it('serves in a process group: a changed script gets a new child, the parent stays', async () => {
    const lsnode = start({ LSAPI_CHILDREN: '4' }, { files: { 'a.cjs': script('one') }, args: ['--scripts'] });
    const [, first] = await ask(lsnode);
    assert.notEqual(first, String(lsnode.pid));
    write(lsnode, 'a.cjs', script('two'));
    const second = await eventually('the new version', async () => {
      const [version, pid] = await ask(lsnode);
      return version === 'two' && pid;
    });
    assert.notEqual(second, first);
    assert.ok(lsnode.alive);
    assert.doesNotMatch(lsnode.stderr, /reload/i);
  });

  it('serves behind the gateway, where a changed script is there a second later', async () => {
    const lsnode = start(
      { NODE_ENV: 'production' },
      {
        files: { 'a.wsgi': script('one'), 'b.cjs': script('no script') },
        args: ['--scripts', '--suffix', 'wsgi', '--http', '127.0.0.1:0'],
        stdin: 'none',
      },
    );
    const [url = ''] = await lsnode.printed(/http:\/\/\S+/);
    const get = async (path: string): Promise<string> => (await fetch(url + path)).text();
    assert.match(await get('a.wsgi/x'), /^one /);
    assert.equal((await fetch(`${url}b.cjs`)).status, 404);
    write(lsnode, 'a.wsgi', script('two'));
    await eventually('the new version', async () => (await get('a.wsgi')).startsWith('two '));
  });

  it('maps URLs by Apache configuration, which needs no --scripts', async () => {
    const lsnode = start(
      { LSAPI_CHILDREN: '2' },
      {
        files: { 'app/a.cjs': script('one'), 'site.conf': 'WSGIScriptReloading Off\n' },
        args: ['--apache-config', 'site.conf'],
        wrap: ([node = '', ...rest]) => [
          'sh',
          '-c',
          'echo "WSGIScriptAlias /here $PWD/app/a.cjs" >> site.conf; exec "$0" "$@"',
          node,
          ...rest,
        ],
      },
    );
    const response = await requestOnce(lsnode.socketPath, { url: '/here/x' });
    assert.match(response.text, /^one /);
  });

  it('serves the example', async () => {
    const suffixes = ['.js', '.mjs', '.wsgi'].flatMap((suffix) => ['--suffix', suffix]);
    const lsnode = start(
      { NODE_ENV: 'production' },
      {
        args: ['--scripts', ...suffixes, '--http', '127.0.0.1:0', join(root, 'examples/scripts/www')],
        stdin: 'none',
      },
    );
    const [url = ''] = await lsnode.printed(/http:\/\/\S+/);
    const get = async (path: string): Promise<string> => (await fetch(url + path)).text();
    assert.match(await get('hello.js/some/path'), /^Hello from \/hello\.js, at \/some\/path: request 1 /);
    assert.equal(await get('shop.mjs/items/7?x'), '{"id":"7","at":"/shop.mjs/items/7?x"}');
    assert.equal(
      await get('report.wsgi/2026'),
      `{"url":"${url}report.wsgi/2026","pathInfo":"/2026","client":"127.0.0.1"}`,
    );
  });

  it('says all that is wrong with a configuration, and does not start', async () => {
    const lsnode = start(
      {},
      {
        files: { 'bad.conf': 'WSGIScriptAlias /x\nWSGIScriptReloading Maybe\n' },
        args: ['--apache-config', 'bad.conf'],
      },
    );
    assert.equal(await lsnode.exitCode(), 1);
    assert.match(lsnode.stderr, /line 1 of [^]*line 2 of /);
  });

  it('takes a directory, not a file', async () => {
    const lsnode = start({}, { files: { 'app.js': '' }, args: ['--scripts', 'app.js'] });
    assert.equal(await lsnode.exitCode(), 1);
    assert.match(lsnode.stderr, /app\.js is none\. To serve one app, leave out --scripts/);
  });
});
