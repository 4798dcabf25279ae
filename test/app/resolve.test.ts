import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { resolveApp, type AppRequest } from '#lib/app/resolve.js';
import { isLsapiError } from '#lib/errors.js';

/** Root may read everything: then the test goes on as nobody. */
function asOrdinaryUser(check: () => void): void {
  if (process.geteuid?.() !== 0) return check();
  process.seteuid?.(65_534);
  try {
    check();
  } finally {
    process.seteuid?.(0);
  }
}

describe('which app is meant', () => {
  let base: string;
  const at = (path: string) => join(base, path);

  /** Files by path and content; a path that ends in "/" is a directory. */
  function create(files: Record<string, string>): void {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(path.endsWith('/') ? at(path) : dirname(at(path)), { recursive: true });
      if (!path.endsWith('/')) writeFileSync(at(path), content);
    }
  }

  function resolve(request: Partial<AppRequest>) {
    return resolveApp({ file: undefined, root: undefined, startupFile: undefined, cwd: base, ...request });
  }

  function refuses(request: Partial<AppRequest>, ...messages: RegExp[]): void {
    assert.throws(
      () => resolve(request),
      (error) => {
        assert.ok(isLsapiError(error, 'LSAPI_ERR_APP_NOT_FOUND'), String(error));
        for (const message of messages) assert.match(error.message, message);
        assert.ok(!error.message.includes('\n'));
        return true;
      },
    );
  }

  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'lsapi-resolve-'));
  });
  afterEach(() => rmSync(base, { recursive: true, force: true }));

  describe('by default', () => {
    it('app.js in the current directory', () => {
      create({ 'app.js': '', 'app.mjs': '', 'package.json': '{"main":"other.js"}', 'other.js': '' });
      assert.deepEqual(resolve({}), { path: at('app.js'), root: base });
    });

    it('then app.mjs, then app.cjs, then "main" of package.json', () => {
      create({ 'app.mjs': '', 'app.cjs': '', 'package.json': '{"main":"other.js"}', 'other.js': '' });
      assert.equal(resolve({}).path, at('app.mjs'));
      rmSync(at('app.mjs'));
      assert.equal(resolve({}).path, at('app.cjs'));
      rmSync(at('app.cjs'));
      assert.deepEqual(resolve({}), { path: at('other.js'), root: base });
    });

    it('"main" may lack its ending, or name a directory', () => {
      create({ 'package.json': '{"main":"./lib/main"}', 'lib/main.js': '' });
      assert.equal(resolve({}).path, at('lib/main.js'));
      create({ 'package.json': '{"main":"lib"}', 'lib/index.js': '' });
      assert.equal(resolve({}).path, at('lib/index.js'));
    });

    it('"main", then "exports", then index.js, then TypeScript', () => {
      create({
        'package.json': '{"main":"main.js","exports":"./exports.js"}',
        'main.js': '',
        'exports.js': '',
        'index.js': '',
        'app.ts': '',
        'app.cts': '',
      });
      for (const name of ['main.js', 'exports.js', 'index.js', 'app.ts', 'app.cts']) {
        assert.equal(resolve({}).path, at(name));
        rmSync(at(name));
      }
      refuses({}, /"main": "main\.js", which is no readable file; .*"exports": "\.\/exports\.js"/);
    });

    for (const [exports, path] of [
      ['"./a.js"', 'a.js'],
      ['{".":"./a.js","./other":"./b.js"}', 'a.js'],
      ['{"import":"./a.js","require":"./b.js"}', 'a.js'],
      ['{"types":"./a.d.ts","browser":"./b.js","default":"./a.js"}', 'a.js'],
      ['{".":{"browser":"./b.js","node":{"import":"./a.js","default":"./b.js"}}}', 'a.js'],
      ['{"require":"./b.js","default":"./a.js"}', 'a.js'],
      ['["./a.js","./b.js"]', 'a.js'],
    ] as const) {
      it(`"exports" of ${exports}`, () => {
        create({ 'package.json': `{"exports":${exports}}`, 'a.js': '', 'b.js': '', 'a.d.ts': '' });
        assert.equal(resolve({}).path, at(path));
      });
    }

    it('LSNODE_ROOT comes before the current directory', () => {
      create({ 'app.js': '', 'site/app.js': '' });
      assert.deepEqual(resolve({ root: at('site') }), { path: at('site/app.js'), root: at('site') });
      assert.deepEqual(resolve({ root: 'site' }), { path: at('site/app.js'), root: at('site') });
    });

    it('nothing there: what was looked for, where, and what to do', () => {
      refuses(
        {},
        new RegExp(`No app in ${base} \\(the current directory\\)`),
        /app\.js, app\.mjs, app\.cjs/,
        /lsnode server\.js/,
      );
    });

    it('LSNODE_ROOT without an app does not fall back to the current directory', () => {
      create({ 'app.js': '', 'site/': '' });
      refuses({ root: at('site') }, /site \(LSNODE_ROOT\)/);
    });

    it('something there that cannot be used is named', () => {
      create({ 'app.js/': '', 'package.json': '{"main":"gone.js"}' });
      refuses({}, /app\.js is a directory/, /"main": "gone\.js", which is no readable file/);
    });

    for (const content of [
      '{',
      '',
      'null',
      '[]',
      '{"main":5}',
      '{"main":""}',
      '{"main":"a\\u0000b"}',
      '{"exports":5}',
      '{"exports":{".":null}}',
    ]) {
      it(`a package.json of ${JSON.stringify(content)} is no use, but no crash`, () => {
        create({ 'package.json': content });
        refuses({}, /No app in/);
      });
    }
  });

  describe('by LSNODE_STARTUP_FILE', () => {
    it('in LSNODE_ROOT, or in the current directory without one', () => {
      create({ 'site/src/main.js': '', 'site/app.js': '', 'main.js': '' });
      assert.deepEqual(resolve({ root: at('site'), startupFile: 'src/main.js' }), {
        path: at('site/src/main.js'),
        root: at('site'),
      });
      assert.deepEqual(resolve({ startupFile: 'main.js' }), { path: at('main.js'), root: base });
    });

    it('absolute, it stands for itself', () => {
      create({ 'site/': '', 'main.js': '' });
      assert.deepEqual(resolve({ root: at('site'), startupFile: at('main.js') }), {
        path: at('main.js'),
        root: at('site'),
      });
    });

    it('missing: no other file is taken instead', () => {
      create({ 'site/app.js': '' });
      refuses(
        { root: at('site'), startupFile: 'gone.js' },
        /LSNODE_STARTUP_FILE names the app "gone\.js", but there is no .*site\/gone\.js \(from LSNODE_ROOT\)/,
        /absolute path/,
      );
    });
  });

  describe('by the command line', () => {
    it('before everything else', () => {
      create({ 'site/app.js': '', 'site/main.js': '', 'other.js': '' });
      assert.equal(
        resolve({ file: 'other.js', root: at('site'), startupFile: 'main.js' }).path,
        at('other.js'),
      );
    });

    it('relative: to the current directory, which is then the root as it is with node', () => {
      create({ 'dist/server.js': '' });
      assert.deepEqual(resolve({ file: 'dist/server.js' }), { path: at('dist/server.js'), root: base });
    });

    it('relative and not there: to LSNODE_ROOT, since servers start programs anywhere', () => {
      create({ 'bin/': '', 'site/main.js': '' });
      assert.deepEqual(resolve({ file: 'main.js', root: at('site'), cwd: at('bin') }), {
        path: at('site/main.js'),
        root: at('site'),
      });
    });

    it("absolute: the file's directory is the root", () => {
      create({ 'site/main.js': '', 'bin/': '' });
      assert.deepEqual(resolve({ file: at('site/main.js'), cwd: at('bin') }), {
        path: at('site/main.js'),
        root: at('site'),
      });
    });

    it('a directory: its app.js or "main"', () => {
      create({ 'site/app.js': '', 'other/package.json': '{"main":"server.js"}', 'other/server.js': '' });
      assert.deepEqual(resolve({ file: 'site' }), { path: at('site/app.js'), root: at('site') });
      assert.deepEqual(resolve({ file: at('other/') }), { path: at('other/server.js'), root: at('other') });
      assert.deepEqual(resolve({ file: '.', cwd: at('site') }), {
        path: at('site/app.js'),
        root: at('site'),
      });
    });

    it('a symbolic link stays one, so that a switched link is a new release', () => {
      create({ 'releases/1/app.js': '' });
      symlinkSync(at('releases/1'), at('current'));
      assert.deepEqual(resolve({ file: at('current') }), { path: at('current/app.js'), root: at('current') });
    });

    it('not there: every place that was tried', () => {
      create({ 'site/': '' });
      refuses(
        { file: 'gone.js' },
        /The command line names the app "gone\.js", but there is no .*\/gone\.js\./,
      );
      refuses({ file: 'gone.js', root: at('site') }, /there is no .*\/gone\.js nor .*\/site\/gone\.js/);
      refuses({ file: 'no/gone.js' }, /The directory .*\/no does not exist either/);
    });

    it('a directory without an app', () => {
      create({ 'site/': '' });
      refuses({ file: 'site' }, /No app in .*site \(the command line\)/i);
    });

    it('neither file nor directory, below a file, a link to nowhere, an impossible name', () => {
      create({ 'file.js': '' });
      symlinkSync(at('gone'), at('dangling.js'));
      refuses({ file: '/dev/null' }, /\/dev\/null is neither a file nor a directory/);
      refuses({ file: 'file.js/app.js' }, /there is no/);
      refuses({ file: 'dangling.js' }, /there is no/);
      refuses({ file: 'a\0b' }, /there is no/);
      refuses({ file: 'x'.repeat(5000) }, /there is no/);
    });

    it('unreadable: whose permissions to check', () => {
      create({ 'secret.js': '', 'locked/app.js': '' });
      chmodSync(base, 0o755);
      chmodSync(at('secret.js'), 0);
      chmodSync(at('locked'), 0);
      asOrdinaryUser(() => {
        refuses({ file: 'secret.js' }, /may not be read by this user.*permissions/);
        refuses({ file: 'locked/app.js' }, /may not be read by this user.*permissions/);
      });
      chmodSync(at('locked'), 0o700);
    });
  });

  describe('LSNODE_ROOT that is no directory', () => {
    it('is refused whatever the command line says', () => {
      create({ 'app.js': '' });
      refuses({ root: at('gone') }, /LSNODE_ROOT is .*gone, which does not exist/);
      refuses({ root: at('app.js'), file: 'app.js' }, /LSNODE_ROOT is .*app\.js, which is a file/);
    });
  });
});
