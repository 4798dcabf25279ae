import assert from 'node:assert/strict';
import Module from 'node:module';
import { configurationOf } from '#lib/directives/index.js';
import { findByDirectives } from '#lib/scripts/find-by-directives.js';
import { scriptServers, type ScriptServer } from './support/script-server.js';

/** Counts in a module of its own, which it asks for when it is loaded and again when it answers. */
const cjs = {
  'count.cjs': 'exports.count = 0;',
  'a.cjs': `require('./count.cjs');
    exports.application = (req, res) => res.end(String(++require('./count.cjs').count));`,
};
const esm = {
  'count.mjs': 'let count = 0; export const next = () => ++count;',
  'a.mjs': `import { next } from './count.mjs'; let own = 0;
    export const application = (req, res) => res.end(++own + ' ' + next());`,
};
/** Node 22.15 and later. */
const followsImports = 'registerHooks' in Module;

describe('WSGIApplicationGroup', () => {
  const start = scriptServers();
  const ask = async (server: ScriptServer, name: string, group?: string): Promise<string> => {
    const env = group === undefined ? {} : { WSGIApplicationGroup: group };
    return (await server.request(name, { env })).text;
  };

  it('gives each group CommonJS modules of its own', async () => {
    const server = start(cjs);
    assert.equal(await ask(server, 'a.cjs', 'one'), '1');
    assert.equal(await ask(server, 'a.cjs', 'one'), '2');
    assert.equal(await ask(server, 'a.cjs', 'two'), '1');
    assert.equal(await ask(server, 'a.cjs', '%{GLOBAL}'), '1');
    assert.equal(await ask(server, 'a.cjs', 'one'), '3');
  });

  it('gives each group ES modules of its own', async () => {
    const server = start(esm);
    const first = await ask(server, 'a.mjs', 'one');
    assert.equal(first, '1 1');
    assert.equal(await ask(server, 'a.mjs', 'one'), '2 2');
    // Before Node 22.15 what scripts import is shared.
    assert.equal(await ask(server, 'a.mjs', 'two'), followsImports ? '1 1' : '1 3');
  });

  it('gives each group ES modules of its own, whatever their suffix', async () => {
    const server = start({
      'a.wsgi': 'let own = 0; export const application = (req, res) => res.end(String(++own));',
    });
    assert.equal(await ask(server, 'a.wsgi', 'one'), '1');
    assert.equal(await ask(server, 'a.wsgi', 'two'), '1');
    assert.equal(await ask(server, 'a.wsgi', 'one'), '2');
  });

  it('lets scripts of one group share their modules', async () => {
    const server = start({ ...cjs, 'b.cjs': cjs['a.cjs'] });
    assert.equal(await ask(server, 'a.cjs', 'one'), '1');
    assert.equal(await ask(server, 'b.cjs', 'one'), '2');
  });

  it('is the registry of the process with %{GLOBAL}, the default where the server names the script', async () => {
    const server = start({
      'a.js': 'exports.application = (q, r) => r.end(String(require.cache[__filename] !== undefined));',
    });
    assert.equal(await ask(server, 'a.js'), 'true');
    assert.equal(await ask(server, 'a.js', '%{GLOBAL}'), 'true');
  });

  it('tells hosts apart with %{SERVER}, mounts with %{RESOURCE}', async () => {
    const server = start({ ...cjs, 'b.cjs': cjs['a.cjs'] });
    const at = async (name: string, group: string, SERVER_NAME: string): Promise<string> =>
      (await server.request(name, { env: { WSGIApplicationGroup: group, SERVER_NAME } })).text;
    assert.equal(await at('a.cjs', '%{SERVER}', 'one'), '1');
    assert.equal(await at('b.cjs', '%{SERVER}', 'one'), '2');
    assert.equal(await at('b.cjs', '%{SERVER}', 'two'), '1');
    assert.equal(await at('a.cjs', '%{RESOURCE}', 'one'), '1');
    assert.equal(await at('b.cjs', '%{RESOURCE}', 'one'), '1');
  });
});

describe('Directives of a configuration', () => {
  const start = scriptServers();
  const files = {
    'shop.cjs': `exports.application = (req, res) => res.end('shop ' + req.baseUrl + ' ' + req.url + ' ' + req.lsapi.env.SCRIPT_FILENAME);
      exports.admin = (req, res) => res.end('admin ' + req.url);`,
  };
  const configured = (server: ScriptServer): ScriptServer =>
    start(files, {
      find: findByDirectives(
        configurationOf(
          {
            scriptAliases: [{ url: '/shop', target: server.path('shop.cjs') }],
            locations: [{ path: '/shop/admin', callableObject: 'admin' }],
          },
          'test',
        ).configuration,
        undefined,
      ),
    });

  it('map URLs to scripts, whatever script the server names', async () => {
    const scripts = start(files);
    const server = configured(scripts).server;
    const response = await server.request({ url: '/shop/cart%20a?x' });
    assert.equal(response.text, `shop /shop /cart%20a?x ${scripts.path('shop.cjs')}`);
  });

  it('choose the export by location', async () => {
    const response = await configured(start(files)).server.request({ url: '/shop/admin/users' });
    assert.equal(response.text, 'admin /admin/users');
  });

  it('what they map to no script is 404, and what they refuse has that status', async () => {
    const { server } = configured(start(files));
    assert.equal((await server.request({ url: '/other' })).status, 404);
    assert.equal((await server.request({ url: '/shop%2fx' })).status, 404);
    assert.match(server.log.join('\n'), /no directive maps \/other to a script/);
  });

  it('may come with a request', async () => {
    const server = start(files);
    const response = await server.server.request({
      url: '/here/x',
      env: {
        DOCUMENT_ROOT: server.root,
        WSGIScriptAlias: `/here ${server.path('shop.cjs')}`,
        WSGICallableObject: 'admin',
      },
    });
    assert.equal(response.text, 'admin /x');
  });
});
