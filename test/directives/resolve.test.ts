import assert from 'node:assert/strict';
import {
  readApacheConfiguration,
  resolveRequest,
  type DirectiveRequest,
  type Resolution,
} from '#lib/directives/index.js';
import { MemoryFiles } from './support/memory-files.js';

const MAIN = '/etc/apache2/apache2.conf';

describe('resolving requests', () => {
  const files = new MemoryFiles().file('/srv/app.js').file('/srv/other.js').file('/srv/Sub/deep.js');

  function resolve(text: string, request: Partial<DirectiveRequest> & { uri: string }): Resolution {
    files.file(MAIN, `ServerName example.com\n${text}`);
    const { configuration, problems } = readApacheConfiguration([MAIN], { files, environ: {} });
    assert.deepEqual(problems, []);
    const whole = { headers: [['Host', 'example.com']] as const, serverPort: 80, ...request };
    return resolveRequest(configuration, whole, { probe: files.asProbe, environ: {} });
  }

  it('finds everything about a script', () => {
    assert.deepEqual(resolve('WSGIScriptAlias /App /srv/app.js', { uri: '/App/x%20y?q' }), {
      kind: 'script',
      script: '/srv/app.js',
      scriptName: '/App',
      pathInfo: '/x y',
      pathTranslated: undefined,
      applicationGroup: 'example.com|/app',
      callableObject: 'application',
      scriptReloading: true,
    });
  });

  describe('the environment of a request', () => {
    const alias = 'WSGIScriptAlias /a /srv/app.js';

    it('may stand for directives, which beat all sections but not the options of an alias', () => {
      const text = `${alias}\nWSGIScriptAlias /b /srv/app.js callable-object=own\n<Location />\nWSGICallableObject at\n</Location>`;
      const env = {
        WSGIApplicationGroup: '%{GLOBAL}',
        WSGICallableObject: 'env',
        WSGIScriptReloading: 'off',
      };
      const found = resolve(text, { uri: '/a', env });
      assert.ok(found.kind === 'script');
      const { applicationGroup, callableObject, scriptReloading } = found;
      assert.deepEqual([applicationGroup, callableObject, scriptReloading], ['', 'env', false]);
      const optional = resolve(text, { uri: '/b', env });
      assert.ok(optional.kind === 'script');
      assert.equal(optional.callableObject, 'own');
    });

    it('may bring aliases, which come first', () => {
      const env = { WSGIScriptAlias: '/a /srv/other.js', WSGIScriptAliasMatch: '^/m/(\\w+) /srv/$1.js' };
      const found = (uri: string) => {
        const resolution = resolve(alias, { uri, env });
        return resolution.kind === 'script' ? resolution.script : resolution;
      };
      assert.deepEqual([found('/a'), found('/m/app')], ['/srv/other.js', '/srv/app.js']);
    });

    it('is refused with 500 where it makes no sense', () => {
      const bad = [
        { WSGIScriptReloading: 'perhaps' },
        { WSGIScriptAlias: '/a' },
        { WSGIScriptAliasMatch: '( /x' },
      ];
      for (const env of bad) {
        const found = resolve(alias, { uri: '/a', env });
        assert.ok(found.kind === 'refused');
        assert.equal(found.status, 500);
      }
    });

    it('gives %{ENV:…}, without CGI variables and headers', () => {
      const group = (name: string) => {
        const found = resolve(`WSGIApplicationGroup %{ENV:${name}}\n${alias}`, {
          uri: '/a',
          env: { TENANT: 'red', HTTP_X: 'header', REQUEST_METHOD: 'GET' },
        });
        return found.kind === 'script' ? found.applicationGroup : found;
      };
      assert.deepEqual(
        [group('tenant'), group('HTTP_X'), group('REQUEST_METHOD')],
        ['red', '%{ENV:HTTP_X}', '%{ENV:REQUEST_METHOD}'],
      );
    });
  });

  it('chooses a virtual host by the address of the connection first', () => {
    const text = `
      <VirtualHost 10.0.0.1:80>
        ServerName one.test
        WSGIScriptAlias /a /srv/app.js
      </VirtualHost>
      <VirtualHost *:80>
        ServerName two.test
        WSGIScriptAlias /a /srv/other.js
      </VirtualHost>`;
    const script = (serverAddress: string) => {
      const found = resolve(text, { uri: '/a', headers: [['Host', 'two.test']], serverAddress });
      return found.kind === 'script' ? found.script : found;
    };
    assert.deepEqual([script('10.0.0.1'), script('10.0.0.2')], ['/srv/app.js', '/srv/other.js']);
  });

  it('takes <ElseIf> and <Else> only if nothing before them held', () => {
    const text = `
      WSGIScriptAlias /a /srv/app.js
      <If "%{QUERY_STRING} =~ /^1/ && %{REQUEST_METHOD} in { 'GET', 'HEAD' }">
        WSGICallableObject one
      </If>
      <ElseIf "-n req('X-Two') || tolower(%{HTTP_HOST}) == 'two.test'">
        WSGICallableObject two
      </ElseIf>
      <Else>
        WSGICallableObject three
      </Else>`;
    const callable = (request: Partial<DirectiveRequest> & { uri: string }) => {
      const found = resolve(text, request);
      return found.kind === 'script' ? found.callableObject : found;
    };
    assert.equal(callable({ uri: '/a?1' }), 'one');
    assert.equal(callable({ uri: '/a?1', method: 'POST' }), 'three');
    assert.equal(callable({ uri: '/a?2', headers: [['Host', 'TWO.test']] }), 'two');
    assert.equal(callable({ uri: '/a' }), 'three');
  });

  it('matches wildcards of <Directory> and <Location> one component at a time', () => {
    const text = `
      WSGIScriptAlias /a /srv/Sub/deep.js
      WSGIApplicationGroup none
      <Directory /srv/S*>
        WSGIApplicationGroup directory
      </Directory>
      <Location /*/loc>
        WSGIApplicationGroup location
      </Location>`;
    const group = (uri: string) => {
      const found = resolve(text, { uri });
      return found.kind === 'script' ? found.applicationGroup : found;
    };
    assert.deepEqual(
      [group('/a'), group('/a/loc'), group('/a/b/loc')],
      ['directory', 'location', 'directory'],
    );
  });

  it('never loops: a directory index that leads to itself ends with an error', () => {
    const found = resolve('DocumentRoot /srv\nDirectoryIndex /Sub/', { uri: '/' });
    assert.ok(found.kind === 'refused');
    assert.equal(found.status, 500);
  });
});
