import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { installCommand, type InstallOutput } from '#lib/cli/install-command.js';
import { readSettings } from '#lib/config/settings.js';
import { entriesOf, parsePlainConfig, valueOf, type ConfigEntry } from '#lib/install/plain-config.js';
import { lsnodes } from '../cli/support/lsnode.js';
import { FakeServer, HOST_CONFIG, lsnode, SERVER_CONFIG } from './support/server.js';

describe('lsnode install', () => {
  let server: FakeServer;

  beforeEach(() => {
    server = new FakeServer();
  });
  afterEach(() => server.remove());

  const install = (...options: readonly string[]): InstallOutput =>
    installCommand([server.app, '--server-root', server.root, ...options], server.directory);
  const scripts = (...options: readonly string[]): InstallOutput =>
    installCommand(['--mode', 'scripts', '--server-root', server.root, ...options], server.directory);

  function written(output: InstallOutput): void {
    assert.equal(output.exitCode, 0, output.stderr);
  }

  function refused(output: InstallOutput, message: RegExp): void {
    assert.deepEqual([output.stdout, output.exitCode], ['', 1]);
    assert.match(output.stderr, message);
  }

  const wrapper = (): string => join(server.root, 'fcgi-bin/lsnode');
  const topOf = (text: string): readonly ConfigEntry[] => parsePlainConfig(text).entries;
  const externalApp = (text: string, name: string): ConfigEntry | undefined =>
    entriesOf(topOf(text), 'extprocessor').find(({ value }) => value === name);
  const environment = (app: ConfigEntry | undefined): Record<string, string> =>
    Object.fromEntries(
      entriesOf(app?.children, 'env').map(
        ({ value }) => value.split(/=(.*)/s).slice(0, 2) as [string, string],
      ),
    );

  describe('without --write', () => {
    it('prints what it would do as a patch, and changes nothing', async () => {
      const { stdout, stderr, code } = await lsnode(['install', server.app, '--server-root', server.root]);
      assert.match(
        stdout,
        /^--- \/dev\/null\n\+\+\+ .*fcgi-bin\/lsnode\n[^]*\n--- .*vhconf\.conf\n\+\+\+ .*vhconf/,
      );
      assert.match(stdout, /^\+extprocessor shop-app \{$/m);
      assert.match(stdout, /^\+context \/ \{$/m);
      assert.equal(stderr, 'Nothing was changed. Add --write to do this.\n');
      assert.equal(code, 0);
      assert.equal(server.hostConfig, HOST_CONFIG);
      assert.equal(existsSync(wrapper()), false);
    });
  });

  describe('with --write', () => {
    const running = lsnodes();

    it('adds an external app whose numbers fit, and a context, behind what is there', () => {
      written(install('--write', '--children', '30'));
      assert.ok(server.hostConfig.startsWith(HOST_CONFIG));
      assert.equal(server.config, SERVER_CONFIG);
      const app = externalApp(server.hostConfig, 'shop-app');
      assert.deepEqual(
        ['type', 'maxconns', 'instances', 'autostart', 'memsoftlimit'].map((keyword) =>
          valueOf(app, keyword),
        ),
        ['lsapi', '30', '1', '1', '0'],
      );
      const { LSAPI_CHILDREN, LSNODE_ROOT, LSNODE_STARTUP_FILE } = environment(app);
      assert.deepEqual([LSAPI_CHILDREN, LSNODE_ROOT, LSNODE_STARTUP_FILE], ['30', server.app, 'app.js']);
      const context = entriesOf(topOf(server.hostConfig), 'context').find(({ value }) => value === '/');
      assert.equal(valueOf(context, 'handler'), 'shop-app');
    });

    it('writes a command that serves the app as the server starts it', async () => {
      written(install('--write'));
      const app = externalApp(server.hostConfig, 'shop-app');
      const child = running({ wrap: () => [wrapper()], env: environment(app), cwd: '.' });
      const client = await child.connect();
      assert.equal((await client.request({ url: '/' })).text, 'ok');
    });

    it('keeps the file that it changes beside it, with its permissions', () => {
      const path = join(server.root, 'conf/vhosts/shop/vhconf.conf');
      chmodSync(path, 0o640);
      written(install('--write'));
      const [backup = ''] = readdirSync(dirname(path)).filter((name) => name !== 'vhconf.conf');
      assert.match(backup, /^vhconf\.conf\.\d{8}T\d{6}\.before-lsnode$/);
      assert.equal(readFileSync(join(dirname(path), backup), 'latin1'), HOST_CONFIG);
      assert.deepEqual(
        [path, join(dirname(path), backup)].map((file) => statSync(file).mode & 0o777),
        [0o640, 0o640],
      );
      assert.equal(statSync(wrapper()).mode & 0o777, 0o755);
    });

    it('leaves a link a link', () => {
      const path = join(server.root, 'conf/vhosts/shop/vhconf.conf');
      renameSync(path, join(server.directory, 'elsewhere.conf'));
      symlinkSync(join(server.directory, 'elsewhere.conf'), path);
      written(install('--write'));
      assert.ok(lstatSync(path).isSymbolicLink());
      assert.match(server.read('elsewhere.conf'), /extprocessor shop-app/);
    });

    it('does nothing the second time, and replaces what it wrote where options differ', () => {
      written(install('--write'));
      const once = server.hostConfig;
      assert.match(install('--write').stdout, /nothing to do/);
      assert.equal(server.hostConfig, once);
      written(install('--write', '--children', '7'));
      assert.equal(valueOf(externalApp(server.hostConfig, 'shop-app'), 'maxconns'), '7');
      assert.equal(entriesOf(topOf(server.hostConfig), 'extprocessor').length, 1);
    });

    it('--mode worker: one child has the connections of all worker processes of the server, and keeps its memory', () => {
      server.config = SERVER_CONFIG.replace(/httpdWorkers +1/, 'httpdWorkers 4');
      written(install('--write', '--mode', 'worker', '--children', '50'));
      const app = externalApp(server.hostConfig, 'shop-app');
      assert.deepEqual(
        ['maxconns', 'runonstartup'].map((keyword) => valueOf(app, keyword)),
        ['50', '3'],
      );
      const { LSAPI_CHILDREN, LSNODE_CONCURRENCY, LSAPI_MAX_REQS, LSAPI_MAX_IDLE } = environment(app);
      assert.deepEqual([LSAPI_CHILDREN, LSNODE_CONCURRENCY], ['200', '200']);
      assert.deepEqual([LSAPI_MAX_REQS, LSAPI_MAX_IDLE], ['0', '0']);
    });

    it('--mode worker: marks the command as changed, for the process that runs to get other settings', () => {
      written(install('--write', '--mode', 'worker'));
      utimesSync(wrapper(), 0, 0);
      written(install('--write', '--mode', 'worker'));
      assert.equal(statSync(wrapper()).mtimeMs, 0);
      written(install('--write', '--mode', 'worker', '--children', '7'));
      assert.ok(statSync(wrapper()).mtimeMs > 0);
    });

    it('--mode worker: one process even where that is more connections than one can have', () => {
      server.config = SERVER_CONFIG.replace(/httpdWorkers +1/, 'httpdWorkers 8');
      written(install('--write', '--mode', 'worker', '--children', '2000'));
      const { settings, warnings } = readSettings(environment(externalApp(server.hostConfig, 'shop-app')), {
        socket: 'listening',
      });
      assert.deepEqual([settings.children, settings.concurrency, warnings], [10_000, 10_000, []]);
    });

    it('leaves the command as it is where the app is not detached, for others that are to go on', () => {
      written(scripts('--write'));
      utimesSync(wrapper(), 0, 0);
      written(install('--write'));
      assert.equal(statSync(wrapper()).mtimeMs, 0);
    });

    it("--mode scripts: a line in the server's script handler, the only one that it reads", () => {
      written(scripts('--write', '--suffix', 'mjs', '--suffix', '.wsgi'));
      const handlers = entriesOf(topOf(server.config), 'scripthandler');
      assert.deepEqual(
        handlers.map(({ children }) => children?.map(({ value }) => value)),
        [['lsapi:lsphp  php', 'lsapi:scripts  mjs,wsgi']],
      );
      assert.match(
        valueOf(externalApp(server.config, 'scripts'), 'path') ?? '',
        /fcgi-bin\/lsnode --scripts$/,
      );
    });

    it('--mode scripts --vhost: a script handler of that virtual host', () => {
      written(scripts('--write', '--vhost', 'shop'));
      const [handler] = entriesOf(topOf(server.hostConfig), 'scripthandler');
      assert.deepEqual(
        handler?.children?.map(({ value }) => value),
        ['lsapi:scripts  mjs,cjs'],
      );
      assert.equal(server.config, SERVER_CONFIG);
    });

    it('--replace: makes a context of the same URI a comment', () => {
      server.hostConfig = `${HOST_CONFIG}context / {\n  location $DOC_ROOT/\n}`;
      refused(
        install('--write'),
        /vhconf\.conf:\d+ has a context \/ already.*--uri.*--replace.*LSAPI_ERR_INSTALL/s,
      );
      const before = server.hostConfig;
      written(install('--write', '--replace'));
      const contexts = entriesOf(topOf(server.hostConfig), 'context').filter(({ value }) => value === '/');
      assert.deepEqual(
        contexts.map((context) => valueOf(context, 'handler')),
        ['shop-app'],
      );
      written(install('--undo', '--write'));
      assert.equal(server.hostConfig, before);
    });
  });

  describe('--undo', () => {
    const originals: readonly [what: string, text: string][] = [
      ['as usual', HOST_CONFIG],
      ['without a last line end', HOST_CONFIG.trimEnd()],
      ['with line ends of Windows', HOST_CONFIG.replaceAll('\n', '\r\n')],
      ['with bytes that are no UTF-8', `${HOST_CONFIG}note caf\xe9 \xff\n`],
      ['empty but for a comment', '# none'],
    ];
    for (const [what, text] of originals) {
      it(`restores a file ${what}, byte for byte`, () => {
        server.hostConfig = text;
        written(install('--write'));
        assert.notEqual(server.hostConfig, text);
        written(install('--undo', '--write'));
        assert.equal(server.hostConfig, text);
        assert.equal(existsSync(wrapper()), false);
      });
    }

    it('keeps what was changed since, and removes its blocks though they were edited', () => {
      written(install('--write'));
      server.hostConfig = `# new\n${server.hostConfig.replace(/maxConns +20/, 'maxConns 99')}enableBr 1\n`;
      written(install('--undo', '--write'));
      assert.equal(server.hostConfig, `# new\n${HOST_CONFIG}enableBr 1\n`);
    });

    it('keeps other apps, and the command as long as one needs it', () => {
      written(scripts('--write'));
      written(install('--write'));
      written(install('--undo', '--write'));
      assert.ok(existsSync(wrapper()));
      written(scripts('--undo', '--write'));
      assert.equal(server.config, SERVER_CONFIG);
      assert.equal(existsSync(wrapper()), false);
    });

    it('works when the app is gone, and without --write only says what it would do', () => {
      written(install('--write'));
      rmSync(server.app, { recursive: true });
      const there = server.hostConfig;
      assert.match(install('--undo').stdout, /^-extprocessor shop-app \{$/m);
      assert.equal(server.hostConfig, there);
      written(install('--undo', '--write'));
      assert.equal(server.hostConfig, HOST_CONFIG);
    });

    it('removes nothing where its marks enclose what is not its own', () => {
      written(install('--write'));
      const moved = server.hostConfig.replace('context / {', 'context /mine/ {\n  type null\n}\ncontext / {');
      server.hostConfig = moved;
      refused(install('--undo', '--write'), /do not enclose .*by hand.*LSAPI_ERR_INSTALL/s);
      server.hostConfig = moved.replace(/# lsnode install: end .*\n/, '');
      refused(install('--undo', '--write'), /LSAPI_ERR_INSTALL/);
    });

    it('says what is installed where the name is none of them', () => {
      refused(install('--undo'), /No app was added there/);
      written(install('--write'));
      refused(install('--undo', '--name', 'shop-ap'), /Did you mean shop-app\?/);
    });
  });

  describe('refuses', () => {
    it('a name that another external app has', () => {
      server.hostConfig += 'extprocessor shop-app {\n  type proxy\n}\n';
      refused(install(), /has an external app "shop-app" that lsnode install did not write.*--name/);
    });

    it('to write over a command that it did not write', () => {
      server.write('lsws/fcgi-bin/lsnode', '#!/usr/bin/env node\n');
      refused(install('--write'), /fcgi-bin\/lsnode is there, and lsnode install did not write it.*--form/);
    });

    it('a virtual host that does not exist, and to choose among several', () => {
      refused(install('--vhost', 'blog'), /no such virtual host\. It has shop\./);
      server.config += 'virtualHost blog {\n  vhRoot blog/\n}\n';
      refused(install(), /several virtual hosts: shop, blog\. Name one with --vhost/);
      refused(install('--vhost', 'blog'), /configuration of the virtual host blog.*cannot be read/);
    });

    it('users as which the server starts nothing', () => {
      refused(install('--user', 'root'), /--user root: the server starts nothing as that user/);
      refused(install('--user', 'no-such-user'), /no such user/);
    });

    it('suffixes that are handled already', () => {
      refused(scripts('--suffix', 'php'), /handles the suffixes "php" already/);
    });

    it('a configuration that is not well-formed, and none', () => {
      server.hostConfig += '}\n';
      refused(install(), /vhconf\.conf:\d+: "\}" closes no block/);
      refused(
        installCommand([server.app, '--server-root', join(server.directory, 'none')], server.directory),
        /none\/conf\/httpd_config\.conf cannot be read.*--server-root/,
      );
    });

    it('an app that is not there, and options that make no sense', () => {
      const run = (...options: string[]): InstallOutput => installCommand(options, server.directory);
      refused(run('nowhere.js', '--server-root', server.root), /LSAPI_ERR_APP_NOT_FOUND/);
      refused(run('--childern', '5'), /Did you mean --children\?/);
      refused(run('--children', 'many'), /from 2 to 10000/);
      refused(run('--mode', 'fork'), /worker, group, scripts/);
      refused(run('--uri', 'shop'), /begins with a slash/);
    });
  });

  describe('for WebAdmin', () => {
    it('--form: prints what to enter', () => {
      const { stdout, exitCode } = install('--form', '--uri', '/shop/');
      assert.match(stdout, /^ {2}Max Connections +20$/m);
      assert.match(stdout, /^ {2}Environment +LSAPI_CHILDREN=20$/m);
      assert.match(stdout, /^ {2}URI +\/shop\/$/m);
      assert.match(stdout, /^exec '.*' '.*main\.js' "\$@"$/m);
      assert.equal(exitCode, 0);
    });

    it('does so by itself where the configuration is XML', () => {
      rmSync(join(server.root, 'conf'), { recursive: true });
      mkdirSync(join(server.root, 'conf'));
      server.write('lsws/conf/httpd_config.xml', '<httpServerConfig/>');
      const { stdout } = install('--write');
      assert.match(stdout, /httpd_config\.xml is XML[^]*^ {2}Command +.*fcgi-bin\/lsnode$/m);
      assert.equal(existsSync(wrapper()), false);
    });
  });
});
