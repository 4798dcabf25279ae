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
    assert.match(missing.text, /No such file.*\n {2}Check the path/);
  });

  it('warns of variables that make no sense', async () => {
    const { text, exitStatus } = await checkCommand(parseCommandLine(['--check', 'server.js']), directory, {
      LSNODE_GRACE: 'soon',
    });
    assert.equal(exitStatus, 0);
    assert.match(
      text,
      /^Warning for the environment:\n {2}LSNODE_GRACE="soon" is not a number; the default is used/,
    );
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
      /line 1 of .*c\.json, at scriptReloadng/,
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

  it('names the line of each entry of a JSON file, and the entry', async () => {
    writeFileSync(
      join(directory, 'lines.json'),
      '{\n  "scriptAliases": [\n    { "url": "/a", "target": "/a.js" },\n    { "url": "/b" }\n  ],\n' +
        '  "scriptReloading": "Off",\n  "scriptReloading": true\n}\n',
    );
    const { text, exitStatus } = await check('--config', 'lines.json');
    assert.equal(exitStatus, 1);
    assert.deepEqual(
      text.match(/line \d+ of .*/g)?.map((line) => line.replace(/ of \S+lines\.json/, '')),
      ['line 7, at scriptReloading:', 'line 4, at scriptAliases[1]:', 'line 3, at scriptAliases[0]:'],
    );
    assert.match(
      text,
      /^Syntax error on line 7[^]*given a second time[^]*Syntax error on line 4[^]*"target" is missing/,
    );
  });

  for (const [name, source, expected] of [
    [
      'comma.json',
      '{\n  "callableObject": "a",\n}\n',
      /line 3 of .*comma\.json:\n {2}Expected a key in quotes/,
    ],
    [
      'syntax.mjs',
      'export default {\n  a: [\n};\n',
      /line 3 of .*syntax\.mjs:\n {2}The module could not be loaded: /,
    ],
    ['throws.mjs', "\nthrow new Error('not today');\n", /line 2 of .*throws\.mjs:\n {2}.*not today/],
    ['empty.mjs', 'export const a = 1;\n', /empty\.mjs:\n {2}The module has no default export/],
    ['null.json', 'null', /null\.json:\n {2}The configuration must be an object/],
  ] as const) {
    it(`says what is wrong with ${name}, and where`, async () => {
      writeFileSync(join(directory, name), source);
      const { text, exitStatus } = await check('--config', name);
      assert.equal(exitStatus, 1);
      assert.match(text, expected);
      assert.match(text, /\n1 error\n$/);
    });
  }

  it('reports an Include that comes back to itself', async () => {
    writeFileSync(join(directory, 'loop.conf'), `Include ${join(directory, 'loop.conf')}\n`);
    const { text, exitStatus } = await check('--apache-config', 'loop.conf');
    assert.equal(exitStatus, 1);
    assert.match(text, /line 1 of .*loop\.conf:\n.*include directory nesting level[^]*includes itself/);
  });

  it('reports settings of the environment that make no sense: most as warnings, since the default is used', async () => {
    writeFileSync(join(directory, 'good.json'), '{}');
    const outcome = (environ: NodeJS.ProcessEnv) =>
      checkCommand(parseCommandLine(['--check', '--config', 'good.json']), directory, environ);
    const warned = await outcome({ LSAPI_CHILDREN: '9999999', LSNODE_GRACE: '-3', LSAPI_MAX_IDEL: '1' });
    assert.equal(warned.exitStatus, 0);
    for (const expected of [
      /LSAPI_CHILDREN="9999999" is above 10000/,
      /LSNODE_GRACE="-3"/,
      /did you mean LSAPI_MAX_IDLE/,
    ]) {
      assert.match(warned.text, expected);
    }
    const refused = await outcome({ LSNODE_SCRIPT_ROOTS: '/srv:www' });
    assert.equal(refused.exitStatus, 1);
    assert.match(
      refused.text,
      /^Error in the environment:\n.*"www", which is no absolute path.*\n1 error\n$/,
    );
  });

  it('says of files that cannot be read why', async () => {
    writeFileSync(join(directory, 'broken.json'), '{');
    assert.match(
      (await check('--config', 'broken.json')).text,
      /line 1 of [^]*the file ends: this is no JSON/,
    );
    assert.match((await check('--config', 'none.json')).text, /No such file or directory/);
    assert.match((await check('--apache-config', 'none.conf')).text, /No such file or directory/);
  });
});
