import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkCommand } from '#lib/cli/check-command.js';
import { parseCommandLine } from '#lib/cli/options.js';
import { configurationOf, resolveRequest, type LsnodeConfiguration } from '#lib/directives/index.js';
import { MemoryFiles } from './support/memory-files.js';

describe('lsnode.config', () => {
  const configuration: LsnodeConfiguration = {
    serverName: 'example.com',
    callableObject: 'server',
    environment: { TENANT: 'red' },
    scriptAliases: [
      { url: '/café', target: '/srv/app.js', applicationGroup: '%{GLOBAL}' },
      { match: '^/m/(\\w+)', target: '/srv/$1.js', callableObject: 'matched' },
    ],
    directories: [
      { path: '/srv/sub', applicationGroup: 'dir', files: [{ name: 'one.js', scriptReloading: false }] },
    ],
    locations: [{ match: '/admin$', callableObject: 'admin' }],
    virtualHosts: [
      {
        serverName: 'two.test:8080',
        serverAliases: ['*.two.test'],
        applicationGroup: '%{ENV:tenant}',
        scriptAliases: [{ url: '/', target: '/srv/sub/one.js' }],
        locations: [{ path: '/named', applicationGroup: '%{SERVER}' }],
      },
    ],
  };
  const probe = new MemoryFiles().file('/srv/app.js').file('/srv/sub/one.js').asProbe;

  function resolve(uri: string, host: string): unknown {
    const { configuration: made, problems } = configurationOf(configuration, 'lsnode.config.json');
    assert.deepEqual(problems, []);
    const found = resolveRequest(
      made,
      { uri, headers: [['Host', host]], serverPort: 80 },
      { probe, environ: {} },
    );
    if (found.kind !== 'script') return found.kind === 'refused' ? found.status : found.kind;
    return [found.script, found.applicationGroup, found.callableObject, found.scriptReloading];
  }

  const rows: [uri: string, host: string, expected: unknown][] = [
    ['/caf%C3%A9/x', 'example.com', ['/srv/app.js', '', 'server', true]],
    ['/caf%C3%A9/admin', 'other.test', ['/srv/app.js', '', 'admin', true]],
    ['/m/app', 'example.com', ['/srv/app.js', 'example.com|/m/app', 'matched', true]],
    ['/m/gone', 'example.com', 404],
    ['/else', 'example.com', 'declined'],
    ['/x', 'a.two.test', ['/srv/sub/one.js', 'dir', 'server', false]],
    ['/named', 'two.test', ['/srv/sub/one.js', 'two.test:8080', 'server', false]],
  ];
  for (const [uri, host, expected] of rows)
    it(`${host}${uri} → ${JSON.stringify(expected)}`, () => assert.deepEqual(resolve(uri, host), expected));

  it('is reported with the path into the object, all errors at once', () => {
    const wrong = {
      serverName: 'http://x',
      documentRoot: 'relative',
      scriptAlaises: [],
      callableObject: 7,
      environment: { A: 1 },
      scriptAliases: [
        { url: '/a' },
        { url: '/a', match: 'b', target: '/c' },
        { match: '(', target: '/c' },
        'x',
      ],
      locations: [{ path: '/x', scriptReloading: 'Off' }],
      virtualHosts: [{ serverAliases: [''] }],
    };
    const { problems } = configurationOf(wrong, 'f');
    assert.deepEqual(
      problems.map(({ place, message }) => `${place.path ?? ''}: ${message}`),
      [
        'scriptAlaises: There is no setting "scriptAlaises" here',
        'serverName: "serverName" is no host name',
        'documentRoot: "documentRoot" is no absolute path',
        'scriptAliases[3]: scriptAliases[3] must be an object',
        'scriptAliases[0]: "target" is missing',
        'scriptAliases[1]: One of "url" and "match" must be given',
        'scriptAliases[2].match: Regular expression could not be compiled.',
        'callableObject: "callableObject" must be text that is not empty',
        'environment.A: "environment.A" must be text',
        'locations[0].scriptReloading: "scriptReloading" must be true or false',
        'virtualHosts[0]: "serverName" is missing',
        'virtualHosts[0].serverAliases[0]: "serverAliases[0]" must be text that is not empty',
      ],
    );
  });
});

describe('lsnode --check', () => {
  let directory: string;
  before(() => (directory = mkdtempSync(join(tmpdir(), 'check-'))));
  after(() => rmSync(directory, { recursive: true }));

  const check = (...argv: string[]) => checkCommand(parseCommandLine(['--check', ...argv]), directory);

  it('looks for the app where there is no configuration', async () => {
    const missing = await check();
    assert.equal(missing.exitStatus, 1);
    assert.match(missing.text, /No app in \S+ .*LSAPI_ERR_APP_NOT_FOUND\]\n1 error\n$/);
    const misnamed = await check('server.js');
    assert.equal(misnamed.exitStatus, 1);
    assert.match(misnamed.text, /"server\.js", but there is no/);
    writeFileSync(join(directory, 'server.js'), '');
    const found = await check('server.js');
    assert.deepEqual(found, {
      exitStatus: 0,
      text: `The app is ${join(directory, 'server.js')}, run in ${directory}\nOK\n`,
    });
  });

  it('names the line of JSON that is none', async () => {
    for (const [text, line] of [
      ['{\n  "scriptAliases": [],\n  "nonsense": true,\n}', 4],
      ['{\n', 2],
      ['{\n  "a" 1\n}', 2],
    ] as const) {
      writeFileSync(join(directory, 'broken.json'), text);
      const { text: report, exitStatus } = await check('--config', 'broken.json');
      assert.equal(exitStatus, 1);
      assert.match(report, new RegExp(`Syntax error on line ${line} of .*broken\\.json`));
    }
    const missing = await check('--config', 'none.json');
    assert.match(missing.text, /no such file.*\n {2}Check the path/);
  });

  it('warns of variables that make no sense', async () => {
    process.env.LSNODE_GRACE = 'soon';
    try {
      const { text, exitStatus } = await check('server.js');
      assert.equal(exitStatus, 0);
      assert.match(
        text,
        /^Warning for the environment:\n {2}LSNODE_GRACE="soon" is not a number; the default is used/,
      );
    } finally {
      delete process.env.LSNODE_GRACE;
    }
  });

  it('reports the errors of all files at once and ends with 1', async () => {
    writeFileSync(join(directory, 'a.conf'), 'WSGIScriptReloading 1\n');
    writeFileSync(join(directory, 'b.conf'), 'WSGIScriptAlias /x\n');
    writeFileSync(join(directory, 'c.json'), '{ "scriptReloadng": true }');
    const { text, exitStatus } = await check('--config', 'c.json', '--apache-config', 'a.conf', 'b.conf');
    assert.equal(exitStatus, 1);
    for (const expected of [
      /line 1 of .*a\.conf/,
      /line 1 of .*b\.conf/,
      /scriptReloadng in .*c\.json/,
      /3 errors\n$/,
    ])
      assert.match(text, expected);
  });

  it('warns of scripts that are not there, and ends with 0', async () => {
    const text = `export default { scriptAliases: [{ url: '/a', target: '/nonexistent/app.js' }] };`;
    writeFileSync(join(directory, 'lsnode.config.mjs'), text);
    const outcome = await check();
    assert.equal(outcome.exitStatus, 0);
    assert.match(
      outcome.text,
      /^Warning for scriptAliases\[0\] in [^]*there is no \/nonexistent\/app\.js[^]*Syntax OK\n$/,
    );
  });

  it('says of files that cannot be read why', async () => {
    writeFileSync(join(directory, 'broken.json'), '{');
    assert.match((await check('--config', 'broken.json')).text, /Could not read configuration file/);
    assert.match((await check('--apache-config', 'none.conf')).text, /No such file or directory/);
  });
});
