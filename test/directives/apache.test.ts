import assert from 'node:assert/strict';
import { logicalLines, words } from '#lib/directives/apache/lexer.js';
import { formatProblem, readApacheConfiguration, type ConfigurationReading } from '#lib/directives/index.js';
import { MemoryFiles } from './support/memory-files.js';

const MAIN = '/etc/apache2/apache2.conf';

function read(text: string, files = new MemoryFiles(), environ = {}): ConfigurationReading {
  return readApacheConfiguration([MAIN], { files: files.file(MAIN, text), environ });
}

function messages(text: string, files?: MemoryFiles): string[] {
  return read(text, files).problems.map(({ place, message }) => `${place.file}:${place.line}: ${message}`);
}

function targets(text: string, files?: MemoryFiles, environ = {}): string[] {
  const { configuration, problems } = read(text, files, environ);
  assert.deepEqual(problems, []);
  return configuration.server.scriptAliases.map(({ target }) => target);
}

describe('the text of Apache configuration', () => {
  const lines: [text: string, words: string[]][] = [
    ['a  b\tc', ['a', 'b', 'c']],
    ['"a b" \'c d\'', ['a b', 'c d']],
    ['"a \\" b" c', ['a " b', 'c']],
    ['a\\\\b "c\\\\d" e\\f', ['a\\b', 'c\\d', 'e\\f']],
    ['"a"b', ['a', 'b']],
    ['"open to the end', ['open to the end']],
    ['"" x', ['', 'x']],
  ];
  for (const [text, expected] of lines)
    it(`${text} has the words ${JSON.stringify(expected)}`, () => assert.deepEqual(words(text), expected));

  it('continues lines behind a backslash, comments too, and numbers them by their last one', () => {
    assert.deepEqual(logicalLines('a \\\n  b\n# c \\\nd\n\r\n e \\\r\nf\n'), [
      { text: 'a   b', line: 2 },
      { text: 'e f', line: 7 },
    ]);
  });
});

describe('reading Apache configuration', () => {
  it('reads what Include names, in order, wildcards and directories included', () => {
    const files = new MemoryFiles()
      .file('/etc/apache2/sites/b.conf', 'WSGIScriptAlias /b /b.js\n')
      .file('/etc/apache2/sites/a.conf', 'WSGIScriptAlias /a /a.js\n')
      .file('/etc/apache2/sites/c.txt', 'WSGIScriptAlias /c /c.js\n')
      .file('/etc/other/d.conf', 'WSGIScriptAlias /d /d.js\n');
    const text = 'Include sites/*.conf\nIncludeOptional nothing/*.conf\nInclude /etc/other\n';
    assert.deepEqual(targets(text, files), ['/a.js', '/b.js', '/d.js']);
  });

  it('includes nothing more behind a file that includes itself, in whatever way', () => {
    const twice = 'Include b.conf\nInclude b.conf\n';
    const files = new MemoryFiles().file(
      '/etc/apache2/b.conf',
      `${twice}Include b.conf\nWSGIScriptReloading maybe\n`,
    );
    const found = messages(twice, files);
    assert.equal(found.filter((message) => message.includes('nesting level')).length, 1);
    assert.equal(found.length, 65);
  });

  it('reads 64 MiB at the most, however often a file is included', () => {
    const files = new MemoryFiles().file('/etc/apache2/b.conf', `# ${'x'.repeat(1_000_000)}`);
    assert.deepEqual(messages('Include b.conf\n'.repeat(70), files), [
      '/etc/apache2/apache2.conf:68: The configuration has more than 64 MiB with the files that it includes',
    ]);
  });

  const deep: [what: string, text: string, message: RegExp][] = [
    [
      'sections',
      `${'<Files a>\n'.repeat(9000)}${'</Files>\n'.repeat(9000)}`,
      /:251: <Files> is nested too deeply/,
    ],
    [
      'groups of an expression',
      `<FilesMatch "${'('.repeat(9000)}">\n</FilesMatch>\n`,
      /Regex could not be compiled/,
    ],
    ['parentheses of a condition', `<If "${'('.repeat(9000)}">\n</If>\n`, /it is too deeply nested/],
    ['negations', `<If "${'! '.repeat(9000)}">\n</If>\n`, /it is too deeply nested/],
    ['functions', `<If "${'tolower('.repeat(9000)}">\n</If>\n`, /it is too deeply nested/],
  ];
  for (const [what, text, message] of deep)
    it(`says that ${what} are nested too deeply, instead of running out of stack`, () => {
      const found = messages(text);
      assert.equal(found.length, 1);
      assert.match(found[0] ?? '', message);
    });

  it('has no limit for conditions of many terms', () =>
    assert.deepEqual(messages(`<If "${'true || false && '.repeat(5000)}true">\n</If>\n`), []));

  it('knows the functions of conditions, not what JavaScript objects have', () =>
    assert.match(
      messages(`<If "constructor('a') == 'a'">\n</If>\n`)[0] ?? '',
      /constructor\(\) is not supported/,
    ));

  it('reads a file that is included inside of a section as part of it', () => {
    const files = new MemoryFiles().file('/etc/apache2/part.conf', 'WSGIScriptAlias /x /y\n');
    assert.deepEqual(messages('<Location /z>\nInclude part.conf\n</Location>\n', files), [
      '/etc/apache2/part.conf:1: WSGIScriptAlias not allowed in <Location> context',
    ]);
  });

  it('ends a file that includes itself with an error', () => {
    const found = messages('Include apache2.conf\n');
    assert.equal(found.length, 1);
    assert.match(found[0] ?? '', /Exceeded the maximum include directory nesting level/);
  });

  it('puts in what Define and the environment say', () => {
    const text = 'Define APPS /srv\nWSGIScriptAlias /a ${APPS}/${NAME}.js\n';
    assert.deepEqual(targets(text, undefined, { NAME: 'shop' }), ['/srv/shop.js']);
  });

  it('reads IfDefine and IfModule as far as they hold', () => {
    const text = `
      Define YES
      LoadModule ssl_module modules/mod_ssl.so
      <IfDefine YES>
        WSGIScriptAlias /1 /1
      </IfDefine>
      <IfDefine !YES>
        Nonsense
        <Location /x>
          WSGIScriptAlias /2 /2
        </Location>
      </IfDefine>
      <IfModule mod_wsgi.c>
        WSGIScriptAlias /3 /3
      </IfModule>
      <IfModule !wsgi_module>
        WSGIScriptAlias /4 /4
      </IfModule>
      <IfModule mod_ssl.c>
        WSGIScriptAlias /5 /5
      </IfModule>
      <IfModule mod_php.c>
        WSGIScriptAlias /6 /6
      </IfModule>`;
    assert.deepEqual(targets(text), ['/1', '/3', '/5']);
  });

  const misplaced: [text: string, message: string][] = [
    ['<VirtualHost *:80>\n<VirtualHost *:81>', ':2: <VirtualHost> cannot occur within <VirtualHost> section'],
    ['<Location /a>\n<Directory /b>', ':2: <Directory not allowed in <Location> context'],
    ['<If true>\n<LocationMatch b>', ':2: <LocationMatch not allowed in <If> context'],
    ['<Location /a>\n<Limit GET>\n<Files b>', ':3: <Files> cannot occur within <Location> section'],
  ];
  for (const [text, message] of misplaced) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      const names = [...text.matchAll(/<(\w+)/g)].map(([, name = '']) => `</${name}>`);
      const found = messages([text, ...names.reverse()].join('\n'));
      assert.deepEqual(
        found.map((line) => line.slice(MAIN.length)),
        [message],
      );
    });
  }

  it('takes sections where they belong', () => {
    const text = `
      <VirtualHost *:80>
        <Directory /a>
          <Files b>
          </Files>
          <If "true">
          </If>
        </Directory>
        <Location /c>
        </Location>
      </VirtualHost>`;
    assert.deepEqual(messages(text), []);
  });

  it('reports everything that is wrong at once, in the order of the text, with a remedy', () => {
    const text = [
      'WSGIScriptAlais /x /y',
      'WGSIScriptReloading On',
      '<Directory /srv>',
      '  WSGIScriptAlias /a /b',
      '</Directory>',
      '<LocationMatch "(">',
      '  WSGIScriptReloading maybe',
      '</LocationMatch>',
      'WSGIScriptAliasMatch a** /b',
      'Include nope.conf',
      'Include nope/*.conf',
      'WSGIDoesNotExist',
      '<If "what">',
      '</If>',
      '</Files>',
      '<VirtualHost *:80>',
    ].join('\n');
    assert.deepEqual(
      messages(text).map((message) => message.slice(MAIN.length)),
      [
        ":1: Invalid command 'WSGIScriptAlais', perhaps misspelled or defined by a module not included in the server configuration",
        ":2: Invalid command 'WGSIScriptReloading', perhaps misspelled or defined by a module not included in the server configuration",
        ':4: WSGIScriptAlias not allowed in <Directory> context',
        ':6: Regex could not be compiled',
        ':7: WSGIScriptReloading must be one of: Off | On',
        ':9: Regular expression could not be compiled.',
        ':10: Could not open configuration file /etc/apache2/nope.conf: No such file or directory',
        ":11: No matches for the wildcard '*.conf' in '/etc/apache2/nope', failing (use IncludeOptional if required)",
        ":12: Invalid command 'WSGIDoesNotExist', perhaps misspelled or defined by a module not included in the server configuration",
        ':13: Cannot parse condition clause: not understood from offset 0 on',
        ':15: </Files> without matching <Files> section',
        ':16: <VirtualHost> was not closed.',
      ],
    );
    const [first] = read(text).problems;
    assert.ok(first);
    assert.equal(first.remedy, 'Did you mean WSGIScriptAlias?');
    assert.match(
      formatProblem(first),
      /^Syntax error on line 1 of \/etc\/apache2\/apache2\.conf:\n {2}Invalid command/,
    );
  });

  it('passes over what other modules have', () => {
    assert.deepEqual(
      messages('SSLEngine on\n<Proxy *>\nRequire all granted\n</Proxy>\nWSGIDaemonProcess x\n'),
      [],
    );
  });
});
