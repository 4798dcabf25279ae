import assert from 'node:assert/strict';
import fc from 'fast-check';
import { helpText, parseCommandLine, type CommandLine } from '#lib/cli/options.js';
import { SETTING_NAMES, VARIABLES } from '#lib/config/variable-table.js';
import { isLsapiError } from '#lib/errors.js';

const NOTHING: CommandLine = {
  action: 'run',
  app: undefined,
  bind: undefined,
  http: undefined,
  backends: [],
  documentRoot: undefined,
  statusPath: undefined,
  statusTokenFile: undefined,
  scripts: false,
  suffixes: [],
  apacheConfig: [],
  config: undefined,
  arguments: [],
};

describe('the command line of lsnode', () => {
  const bind = { kind: 'tcp', host: '127.0.0.1', port: 9000, family: 4 } as const;
  const http = { kind: 'tcp', host: '127.0.0.1', port: 8080, family: 4 } as const;

  const accepted: [argv: string[], expected: Partial<CommandLine>][] = [
    [[], {}],
    [['app.js'], { app: 'app.js' }],
    [['-m', 'app.js'], { app: 'app.js' }],
    [['-mapp.js'], { app: 'app.js' }],
    [['-m=app.js'], { app: 'app.js' }],
    [['--module', 'app.js'], { app: 'app.js' }],
    [['--module=app.js'], { app: 'app.js' }],
    [['-m', 'app.js', './app.js'], { app: 'app.js' }],
    [['-m', 'app.js', '-m', 'app.js'], { app: 'app.js' }],
    [['-b', '9000', 'app.js'], { app: 'app.js', bind }],
    [['-b9000'], { bind }],
    [['--bind=9000'], { bind }],
    [['--bind', 'uds://run/app.sock'], { bind: { kind: 'unix', path: '/run/app.sock' } }],
    [['--http', '8080'], { http }],
    [['--http', '8080', '--backend', '9000', '--backend=9000'], { http, backends: [bind, bind] }],
    [['--http', '0'], { http: { ...http, port: 0 } }],
    [['-b', '9000', '--http', '8080', 'app.js'], { app: 'app.js', bind, http }],
    [
      ['--http', '8080', '--document-root', 'public', 'app.js'],
      { app: 'app.js', http, documentRoot: 'public' },
    ],
    [['-h'], { action: 'help' }],
    [['--help'], { action: 'help' }],
    [['-V'], { action: 'version' }],
    [['--version'], { action: 'version' }],
    [['-hV'], { action: 'help' }],
    [['--check', '--config', 'a.json'], { action: 'check', config: 'a.json', scripts: true }],
    [['--scripts', '/srv/www'], { scripts: true, app: '/srv/www' }],
    [['--config', 'a.json'], { scripts: true, config: 'a.json' }],
    [['--scripts', '--suffix', 'wsgi', '--suffix=.js'], { scripts: true, suffixes: ['.wsgi', '.js'] }],
    [
      ['--check', '--apache-config', 'a.conf', '--apache-config=b.conf'],
      { action: 'check', apacheConfig: ['a.conf', 'b.conf'], scripts: true },
    ],
    [['--print-config', 'app.js'], { action: 'print-config', app: 'app.js' }],
  ];
  for (const [argv, expected] of accepted) {
    it(`lsnode ${argv.join(' ')}`, () =>
      assert.deepEqual(parseCommandLine(argv), { ...NOTHING, ...expected }));
  }

  describe('what is the app’s', () => {
    const rows: [argv: string[], expected: Partial<CommandLine>][] = [
      [['app.js', 'one', 'two'], { app: 'app.js', arguments: ['one', 'two'] }],
      [
        ['app.js', '--help', '-b', '--unknown=1'],
        { app: 'app.js', arguments: ['--help', '-b', '--unknown=1'] },
      ],
      [['app.js', '--', '--port', '3'], { app: 'app.js', arguments: ['--port', '3'] }],
      [['app.js', 'x', '--', 'y'], { app: 'app.js', arguments: ['x', '--', 'y'] }],
      [['--', '--verbose', 'x'], { arguments: ['--verbose', 'x'] }],
      [['-m', 'app.js', '--', 'x', '--', 'y'], { app: 'app.js', arguments: ['x', '--', 'y'] }],
      [['-m', 'app.js', 'app.js', 'x'], { app: 'app.js', arguments: ['x'] }],
      [['-b', '9000', '--', '-h'], { bind, arguments: ['-h'] }],
    ];
    for (const [argv, expected] of rows) {
      it(`lsnode ${argv.join(' ')}`, () =>
        assert.deepEqual(parseCommandLine(argv), { ...NOTHING, ...expected }));
    }
  });

  const rejected: [argv: string[], message: RegExp][] = [
    [['--bnd', '9000'], /Unknown option --bnd\. Did you mean --bind\?/],
    [['--modul=x'], /Unknown option --modul\. Did you mean --module\?/],
    [['--no-help'], /Unknown option --no-help/],
    [['--backend', '9000'], /--backend is for the gateway of --http/],
    [['--http', '8080', '--backend', '9000', 'app.js'], /no app is run: the app "app\.js" cannot be given/],
    [
      ['--http', '8080', '--backend', '9000', '-b', '9001', '--scripts'],
      /--bind and --scripts cannot be given/,
    ],
    [['--workers', '4', 'app.js'], /Unknown option --workers\. lsnode --help lists/],
    [['--constructor'], /Unknown option --constructor/],
    [['--__proto__=x'], /Unknown option --__proto__/],
    [['-x'], /Unknown option -x/],
    [['-hx'], /Unknown option -x/],
    [['--document-root', 'public', 'app.js'], /--document-root is for the gateway of --http/],
    [['--http', '0', '--scripts', '--document-root', 'a'], /--document-root does not go with scripts/],
    [['--help=yes'], /--help takes no value/],
    [['-b'], /-b needs a value/],
    [['--module'], /--module needs a value: --module app\.js/],
    [['--module='], /--module needs a value/],
    [['--bind', '--http', '8080'], /--bind needs a value, but "--http" follows.*--bind=--http/],
    [['-m', '-b', '9000'], /-m needs a value, but "-b" follows/],
    [['-m', 'a.js', 'b.js'], /Two apps are named, "a\.js" .* "b\.js".*behind "--"/],
    [['-m', 'a.js', '-m', 'b.js'], /-m is given twice/],
    [['-b', '9000', '--bind', '9001'], /--bind is given twice, with "9000" and "9001"/],
    [[''], /empty argument/],
  ];
  for (const [argv, message] of rejected) {
    it(`lsnode ${argv.join(' ')}: refused, ${message.source}`, () => {
      assert.throws(
        () => parseCommandLine(argv),
        (error) => isLsapiError(error, 'LSAPI_ERR_OPTION') && message.test(error.message),
      );
    });
  }

  it('an address that is none is told with its option', () => {
    assert.throws(
      () => parseCommandLine(['-b', '0']),
      (error) =>
        isLsapiError(error, 'LSAPI_ERR_ADDRESS') &&
        error.message.startsWith('--bind: The address "0" has port 0'),
    );
    assert.throws(() => parseCommandLine(['--http', 'http://x']), /^LsapiError: --http: .*http:\/\//);
  });

  it('whatever is typed gives a command line or an LsapiError (property)', () => {
    const words = fc.oneof(
      fc.string(),
      fc.constantFrom(
        '-',
        '--',
        '-m',
        '-b',
        '-bh',
        '--bind',
        '--http=8080',
        '--help',
        '-V',
        '9000',
        'app.js',
        '--no-bind',
      ),
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 6 }), (argv) => {
        try {
          const { arguments: rest } = parseCommandLine(argv);
          assert.deepEqual(rest, argv.slice(argv.length - rest.length));
        } catch (error) {
          assert.ok(
            isLsapiError(error, 'LSAPI_ERR_OPTION') || isLsapiError(error, 'LSAPI_ERR_ADDRESS'),
            String(error),
          );
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('lsnode --help', () => {
  const text = helpText();

  it('fits a terminal of 80 columns', () => {
    for (const line of text.split('\n')) assert.ok(line.length <= 80, line);
    assert.ok(text.endsWith('\n'));
  });

  it('tells of every option', () => {
    for (const option of [
      '-m, --module',
      '-b, --bind',
      '--http',
      '--print-config',
      '-h, --help',
      '-V, --version',
    ]) {
      assert.ok(text.includes(`${option} `), option);
    }
  });

  it('tells of every variable, with its default', () => {
    const oneLine = text.replace(/\s+/g, ' ');
    for (const setting of SETTING_NAMES) {
      const variable = VARIABLES[setting];
      assert.ok(
        oneLine.includes(`${variable.name} ${variable.brief} [${variable.default.text}]`),
        variable.name,
      );
    }
  });
});
