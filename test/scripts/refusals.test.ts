import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { findByFilename } from '#lib/scripts/find-by-filename.js';
import { ModuleGroup } from '#lib/scripts/module-group.js';
import { loadScript } from '#lib/scripts/script-module.js';
import { scriptServers } from './support/script-server.js';

const hello = 'exports.application = (req, res) => res.end("hello");';

describe('Instead of a script', () => {
  const start = scriptServers();

  it('that is missing: 404', async () => {
    const server = start({});
    const response = await server.request('a.cjs');
    assert.deepEqual([response.status, response.text], [404, 'Not Found\n']);
    assert.match(server.log, /^GET \/a\.cjs: 404: there is no script /);
  });

  it('that appears later, it is served', async () => {
    const server = start({});
    assert.equal((await server.request('a.cjs')).status, 404);
    server.write('a.cjs', hello);
    assert.equal((await server.request('a.cjs')).text, 'hello');
  });

  it('that the server does not name: 404, and the log says what to do', async () => {
    const server = start({});
    assert.equal((await server.server.request({})).status, 404);
    assert.match(server.log, /SCRIPT_FILENAME.*script handler/);
  });

  it('outside of the document root: 403', async () => {
    const server = start({ 'www/a.cjs': hello, 'other.cjs': hello });
    symlinkSync(server.path('other.cjs'), server.path('www/link.cjs'));
    const env = { DOCUMENT_ROOT: server.path('www') };
    assert.equal((await server.request('www/a.cjs', { env })).status, 200);
    for (const name of ['other.cjs', 'www/link.cjs']) {
      assert.equal((await server.request(name, { env })).status, 403, name);
    }
    assert.match(server.log, /403: the script .*other\.cjs is refused: not inside .*www/);
  });

  it('outside of LSNODE_SCRIPT_ROOTS: 403, whatever the document root', async () => {
    const server = start({ 'a.cjs': hello }, { find: findByFilename(['/nowhere']) });
    assert.equal((await server.request('a.cjs')).status, 403);
  });

  it('that fails while it is loaded: 500, with the reason in the log only', async () => {
    const server = start({ 'a.cjs': 'throw new Error("secret reason");' });
    const response = await server.request('a.cjs');
    assert.equal(response.status, 500);
    assert.doesNotMatch(response.text, /secret/);
    assert.match(server.log, /a\.cjs failed while it was loaded[^]*secret reason[^]*a\.cjs:1/);
  });

  it('the reason is in the page in development', async () => {
    const server = start({ 'a.cjs': 'throw new Error("the reason");' }, { development: true });
    assert.match((await server.request('a.cjs')).text, /the reason/);
    assert.match((await server.request('b.cjs')).text, /there is no script/);
  });

  it('that fails it is not tried again by the same process', async () => {
    const server = start({ 'a.mjs': 'throw new Error("no");' });
    for (let count = 0; count < 3; count++) assert.equal((await server.request('a.mjs')).status, 500);
    assert.equal(server.server.log.length, 1);
  });

  it('that lacks the export: 500, and the log names it', async () => {
    const server = start({ 'a.cjs': hello });
    const env = { WSGICallableObject: 'admin' };
    assert.equal((await server.request('a.cjs', { env })).status, 500);
    assert.match(server.log, /The export "admin" of the script .*a\.cjs does not exist/);
    assert.equal((await server.request('a.cjs')).text, 'hello');
  });

  it('that has neither handler nor server is told to have one', async () => {
    const server = start({ 'a.cjs': 'exports.name = "no handler";' });
    await assert.rejects(
      loadScript(server.path('a.cjs'), new ModuleGroup(''), {
        callableObject: 'application',
        log: () => undefined,
        listenTime: 20,
      }),
      /The export "application" of the script .*a\.cjs does not exist\. Export a handler/,
    );
  });

  it('that has closed its server: 503', async () => {
    const server = start({
      'a.cjs':
        'const server = require("http").createServer((q, r) => { r.end("bye"); server.close(); }).listen(1);',
    });
    assert.equal((await server.request('a.cjs')).text, 'bye');
    assert.equal((await server.request('a.cjs')).status, 503);
  });

  it('lines of the log stay lines, whatever the URL', async () => {
    const server = start({});
    await server.request('a.cjs', { env: { SCRIPT_FILENAME: `${server.root}/a\nlsapi[1]: forged` } });
    assert.equal(server.log.split('\n').length, 1);
  });
});
