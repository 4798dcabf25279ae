import assert from 'node:assert/strict';
import type { WsgiEnviron } from '#lib/wsgi/wsgi.js';
import type { RequestOptions } from '../support/lsapi-client.js';
import type { ServerOptions } from '../support/connections-server.js';
import { wsgiServers } from './support/wsgi-server.js';

describe('environ', () => {
  const serve = wsgiServers();

  async function environOf(request: RequestOptions = {}, options: ServerOptions = {}): Promise<WsgiEnviron> {
    let seen: WsgiEnviron | undefined;
    const server = serve((environ, startResponse) => {
      seen = environ;
      startResponse('204 No Content', []);
      return [];
    }, options);
    const response = await server.request(request);
    assert.equal(response.status, 204, server.log.join('\n'));
    return seen!;
  }

  it('has what PEP 3333 demands, and nothing but strings besides the wsgi. entries', async () => {
    const environ = await environOf();
    for (const name of [
      'REQUEST_METHOD',
      'SCRIPT_NAME',
      'PATH_INFO',
      'QUERY_STRING',
      'SERVER_NAME',
      'SERVER_PORT',
      'SERVER_PROTOCOL',
      'wsgi.version',
      'wsgi.url_scheme',
      'wsgi.input',
      'wsgi.errors',
      'wsgi.multithread',
      'wsgi.multiprocess',
      'wsgi.run_once',
    ]) {
      assert.ok(name in environ, name);
    }
    for (const [name, value] of Object.entries(environ)) {
      if (!name.includes('.')) assert.equal(typeof value, 'string', name);
    }
    assert.ok(environ.SERVER_NAME !== '' && environ.SERVER_PORT !== '');
    assert.ok(!('HTTP_CONTENT_TYPE' in environ) && !('HTTP_CONTENT_LENGTH' in environ));
    assert.deepEqual(environ['wsgi.version'], [1, 0]);
    assert.deepEqual([environ['wsgi.multithread'], environ['wsgi.run_once']], [false, false]);
    const { 'wsgi.input': input, 'wsgi.errors': errors } = environ;
    for (const name of ['read', 'readline', 'readlines', Symbol.asyncIterator] as const) {
      assert.equal(typeof input[name], 'function', String(name));
    }
    for (const name of ['write', 'writelines', 'flush'] as const)
      assert.equal(typeof errors[name], 'function');
  });

  it('is an object of its own for each request, which the application may change', async () => {
    const server = serve((environ, startResponse) => {
      startResponse('200 OK', []);
      const before = String(environ['my.own']);
      environ['my.own'] = 'set';
      environ.PATH_INFO = '/changed';
      return [before];
    });
    const client = await server.connect();
    for (let n = 0; n < 2; n++) assert.equal((await client.request()).text, 'undefined');
  });

  it('has the headers: HTTP_…, joined, but type and length under their own names', async () => {
    const environ = await environOf({
      method: 'POST',
      headers: [
        ['Content-Type', 'text/x'],
        ['X-Two-Words', 'one'],
        ['x-two-words', 'two'],
        ['Cookie', 'a=1'],
        ['Cookie', 'b=2'],
        ['X-Latin', 'caf\xe9'],
      ],
      body: 'four',
    });
    assert.deepEqual([environ.CONTENT_TYPE, environ.CONTENT_LENGTH], ['text/x', '4']);
    assert.equal(environ.HTTP_X_TWO_WORDS, 'one, two');
    assert.equal(environ.HTTP_COOKIE, 'a=1; b=2');
    assert.equal(environ.HTTP_X_LATIN, 'caf\xe9');
    assert.equal(environ.HTTP_HOST, 'example.com');
  });

  it('leaves out headers that would pass for others, and Proxy', async () => {
    const environ = await environOf({
      headers: [
        ['X_Real', 'forged'],
        ['X.Real', 'forged'],
        ['X-Real', 'real'],
        ['Proxy', 'http://evil.example'],
      ],
    });
    assert.equal(environ.HTTP_X_REAL, 'real');
    assert.ok(!('HTTP_PROXY' in environ));
    assert.ok(!Object.keys(environ).some((name) => name.includes('X.REAL')));
  });

  it('has the variables of the server as they are', async () => {
    const environ = await environOf({ url: '/a?b=%20c', env: { GEOIP_COUNTRY_CODE: 'NL' } });
    assert.equal(environ.QUERY_STRING, 'b=%20c');
    assert.equal(environ.GEOIP_COUNTRY_CODE, 'NL');
    assert.equal(environ.REMOTE_ADDR, '203.0.113.7');
    assert.equal(environ.REQUEST_URI, '/a?b=%20c');
    assert.ok(!('CONTENT_LENGTH' in environ));
  });

  const paths: [string, string, string | undefined, string, string][] = [
    ['the context /', '/', '/a/b', '', '/a/b'],
    ['the context / itself', '/', undefined, '', '/'],
    ['another context', '/ctx/', '/a', '/ctx', '/a'],
    ['another context itself', '/ctx/', undefined, '/ctx', '/'],
    ['an app server', '/app', '/foo x', '/app', '/foo x'],
    ['a script', '/a.js', undefined, '/a.js', ''],
    ['a script with more', '/a.js', '/more', '/a.js', '/more'],
  ];
  for (const [name, script, info, scriptName, pathInfo] of paths) {
    it(`SCRIPT_NAME and PATH_INFO make the path: ${name}`, async () => {
      const environ = await environOf({ env: { SCRIPT_NAME: script, PATH_INFO: info } });
      assert.deepEqual([environ.SCRIPT_NAME, environ.PATH_INFO], [scriptName, pathInfo]);
      assert.ok(environ.SCRIPT_NAME !== '/' && /^(?:\/.*)?$/.test(environ.SCRIPT_NAME));
    });
  }

  it('has SERVER_NAME for a client that sends no Host', async () => {
    assert.equal((await environOf({ env: { SERVER_NAME: '' } })).SERVER_NAME, '192.0.2.1');
  });

  it('tells https', async () => {
    assert.equal((await environOf())['wsgi.url_scheme'], 'http');
    assert.equal((await environOf({ env: { HTTPS: 'on' } }))['wsgi.url_scheme'], 'https');
  });

  it('tells whether there are other processes', async () => {
    assert.equal((await environOf())['wsgi.multiprocess'], false);
    assert.equal((await environOf({}, { multiprocess: true }))['wsgi.multiprocess'], true);
  });
});
