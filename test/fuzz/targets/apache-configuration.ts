// Configuration files, .htaccess files and the requests that meet them. Whoever writes them may be a tenant of a shared
// machine: everything that is wrong is told with its line, nothing is thrown, nothing takes long.
import assert from 'node:assert/strict';
import {
  formatProblem,
  readApacheConfiguration,
  resolveRequest,
  type ConfigurationFiles,
  type DirectiveProblem,
} from '#lib/directives/index.js';
import { readHtaccess } from '#lib/directives/apache/read.js';
import { MemoryFiles } from '../../directives/support/memory-files.js';
import type { FuzzTarget } from '../engine/target.js';

const FILE = '/etc/apache2/apache2.conf';
const FURTHER = ['/etc/apache2/further.conf', '/etc/apache2/sites/one.conf', '/etc/apache2/sites/two.conf'];
const HTACCESS = '/srv/www/.htaccess';
/** Between the files of one input. */
const NEXT_FILE = '\n#### next file\n';
const MOST_READS = 200;
const OVERRIDES = new Set(['authconfig', 'fileinfo', 'indexes', 'limit', 'options']);
const ENVIRON = { HOME: '/root', NAME: 'value', EMPTY: '' };
const URIS = ['/app/one?x=1', '/srv/www/app.wsgi/more'];

/** A request's path is the client's to choose: the first line that looks like one. */
function uriOf(text: string): string {
  return /^\/[!-~]*$/m.exec(text.slice(0, 4096))?.[0] ?? '/';
}

function checkProblems(problems: readonly DirectiveProblem[], texts: ReadonlyMap<string, string>): void {
  const lineCounts = new Map([...texts].map(([file, text]) => [file, text.split('\n').length]));
  for (const problem of problems) {
    const { code, place, message, remedy } = problem;
    assert.match(code, /^LSAPI_ERR_DIRECTIVE_[A-Z]+$/);
    assert.ok(message !== '' && remedy !== '', `no message or remedy: ${code}`);
    const { file, line } = place;
    assert.ok(line !== undefined && Number.isInteger(line), `no line: ${message}`);
    if (line < 1 || line > (lineCounts.get(file) ?? 0)) assert.fail(`line ${line} is not in ${file}`);
    assert.match(formatProblem(problem), /^(?:Syntax error on|Warning for) line \d+ of /);
  }
}

export const target: FuzzTarget = {
  maxLength: 1 << 14,
  words: [
    ...[
      'WSGIScriptAlias',
      'WSGIScriptAliasMatch',
      'WSGIApplicationGroup',
      'WSGICallableObject',
      'WSGIProcessGroup',
    ],
    ...[
      'WSGIScriptReloading',
      'WSGIDaemonProcess',
      'process-group=',
      'application-group=',
      'callable-object=',
    ],
    ...['%{GLOBAL}', '%{RESOURCE}', '%{SERVER}', '%{HOST}', '%{ENV:X}', '${NAME}', '\\\n', NEXT_FILE],
    ...[
      '<VirtualHost *:80>\n',
      '</VirtualHost>\n',
      '<Directory "/srv/www">\n',
      '</Directory>\n',
      '<Location /a>\n',
    ],
    ...[
      '</Location>\n',
      '<Files "*.wsgi">\n',
      '</Files>\n',
      '<If "',
      '">\n',
      '</If>\n',
      '<Else>\n',
      '</Else>\n',
    ],
    ...['<DirectoryMatch "^/a(b|c)+$">\n', '</DirectoryMatch>\n', '<IfModule mod_wsgi.c>\n', '</IfModule>\n'],
    ...[
      '<LocationMatch "(?i)x">\n',
      '</LocationMatch>\n',
      '<FilesMatch "\\.js$">\n',
      '</FilesMatch>\n',
      '<IfDefine X>',
    ],
    ...['Include further.conf\n', 'Include sites\n', 'IncludeOptional sites/*.conf\n', 'Define NAME value\n'],
    ...[
      '(?:',
      '(?=',
      '(?!',
      '(?<=',
      '(?<!',
      '(?>',
      '(?|',
      '(?i)',
      '(?<n>',
      '(?P=n)',
      '(?R)',
      '(?1)',
      '(?(1)',
      '(?#',
    ],
    ...[
      '\\Q',
      '\\E',
      '\\K',
      '\\R',
      '\\b',
      '\\d',
      '\\x41',
      '\\g{1}',
      '\\k<n>',
      '[[:alpha:]]',
      '[^]]',
      '{1,3}',
      '*+',
      '??',
    ],
    ...['%{HTTP:Host}', '%{REQUEST_URI}', ' =~ /x/', " == 'x'", ' -in {', ' && ', ' || ', '!(', '-z '],
    ...[
      'Options +ExecCGI\n',
      'AddHandler wsgi-script .wsgi\n',
      'SetEnvIf Host x Y=1\n',
      'AllowOverride All\n',
    ],
    ...['DocumentRoot /srv/www\n', 'ServerName http://example.org:8080\n', 'ServerAlias *.example.org a?b\n'],
    ...[
      'Alias /s /srv/www\n',
      'AliasMatch ^/s(.*) /srv/www$1\n',
      'Redirect 301 /old /new\n',
      'DirectoryIndex app.wsgi\n',
    ],
  ],

  seeds: () =>
    [
      'WSGIScriptAlias / /srv/www/app.wsgi\n/app/one\n',
      'ServerRoot /etc/apache2\nInclude sites\n' +
        `<VirtualHost *:80>\n ServerName example.org\n DocumentRoot /srv/www\n WSGIDaemonProcess one\n` +
        ` WSGIScriptAlias /app /srv/www/app.wsgi process-group=one application-group=%{GLOBAL}\n` +
        ` <Directory /srv/www>\n  Require all granted\n  AllowOverride All\n </Directory>\n</VirtualHost>\n` +
        `${NEXT_FILE}SetEnv A b\n${NEXT_FILE}WSGIApplicationGroup %{RESOURCE}\n${NEXT_FILE}WSGICallableObject app\n`,
      '<LocationMatch "^/(a|b+c)*$">\nSetHandler wsgi-script\nOptions ExecCGI\n</LocationMatch>\n/aabbc\n',
      `<If "%{REQUEST_URI} =~ /x/ && !(%{HTTP_HOST} == 'a' || -z %{ENV:X})">\nWSGICallableObject a\n</If>\n<Else>\n</Else>\n`,
      'WSGIScriptAliasMatch ^/w/([^/]+)\\.x$ "/srv/www/$1.wsgi" callable-object=main\n/w/app.x\n',
      '<Files "*a*b?[!c]">\nWSGIScriptReloading Off\n</Files>\nDefine X y\n<IfDefine X>\nSetEnv ${X} "a \\" b"\n</IfDefine>\n',
    ].map((text) => Buffer.from(text, 'latin1')),

  run(input) {
    const [main = '', ...others] = input.toString('latin1').split(NEXT_FILE);
    const texts = new Map([[FILE, main]]);
    FURTHER.forEach((path, n) => texts.set(path, others[n] ?? ''));
    const htaccess = others[FURTHER.length] ?? others.at(-1) ?? main;
    const files = new MemoryFiles();
    for (const [path, text] of texts) files.file(path, text);
    files
      .file(HTACCESS, htaccess)
      .file('/srv/www/app.wsgi')
      .file('/srv/www/index.html')
      .directory('/srv/www/app');

    // What a few files make by including each other may be 64 MiB: too much for a run.
    const read = () => {
      let reads = 0;
      const few: ConfigurationFiles = {
        read: (path) => files.read(++reads > MOST_READS ? '/too many' : path),
        list: (path) => files.list(path),
      };
      return readApacheConfiguration([FILE], { files: few, environ: ENVIRON });
    };
    const { configuration, problems } = read();
    checkProblems(problems, texts);
    assert.deepEqual(read().problems, problems);

    const own = readHtaccess(htaccess, HTACCESS, OVERRIDES, ENVIRON);
    checkProblems(own.problems, new Map([[HTACCESS, htaccess]]));

    for (const uri of [...URIS, uriOf(main)]) {
      const request = {
        uri,
        headers: [
          ['Host', 'example.org'],
          ['User-Agent', 'curl'],
        ] as const,
        serverPort: 80,
        documentRoot: '/srv/www',
      };
      const resolution = resolveRequest(configuration, request, {
        probe: files.asProbe,
        environ: ENVIRON,
        translatePathInfo: true,
      });
      if (resolution.kind === 'script')
        assert.ok(texts.has(resolution.script) || resolution.script.startsWith('/srv/www'));
      if (resolution.kind === 'refused') {
        assert.ok(resolution.status >= 300 && resolution.status <= 599, `status ${resolution.status}`);
        assert.doesNotMatch(resolution.location ?? '', /[\r\n\0]/, 'a redirect with a line break');
      }
    }
  },
};
