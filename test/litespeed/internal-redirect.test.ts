import assert from 'node:assert/strict';
import { fileDelivery, FileRoots, internalRedirect } from '#lib/litespeed/index.js';
import { assertRefused } from './support/refused.js';

describe('internalRedirect()', () => {
  it('is one header that names the URI', () => {
    assert.deepEqual(internalRedirect('/other/page?a=b&c=/../d'), [
      ['X-LiteSpeed-Location', '/other/page?a=b&c=/../d'],
    ]);
  });

  it('encodes what is not ASCII, and spaces; escapes stay', () => {
    assert.equal(internalRedirect('/é x%20y%C3%A9?ü')[0]?.[1], '/%C3%A9%20x%20y%C3%A9?%C3%BC');
  });

  it('puts carried headers behind it, a Content-Disposition first', () => {
    assert.deepEqual(
      internalRedirect('/f', [
        ['Cache-Control', 'no-cache'],
        ['Content-Disposition', 'attachment'],
        ['Set-Cookie', 'a=1'],
        ['Set-Cookie', 'b=2'],
      ]),
      [
        ['X-LiteSpeed-Location', '/f'],
        ['Content-Disposition', 'attachment'],
        ['Cache-Control', 'no-cache'],
        ['Set-Cookie', 'a=1'],
        ['Set-Cookie', 'b=2'],
      ],
    );
  });

  it('adds a Content-Disposition where headers are carried without one: the server needs it', () => {
    assert.deepEqual(internalRedirect('/f', [['X-Own', '1']]), [
      ['X-LiteSpeed-Location', '/f'],
      ['Content-Disposition', 'inline'],
      ['X-Own', '1'],
    ]);
  });

  it('does not carry what is true only of the body that the app does not send', () => {
    for (const name of [
      'Content-Length',
      'ETag',
      'Last-Modified',
      'Transfer-Encoding',
      'Location',
      'Status',
    ]) {
      assert.deepEqual(internalRedirect('/f', [[name, 'x']]), [['X-LiteSpeed-Location', '/f']]);
    }
  });

  const refused: [uri: string, message: RegExp][] = [
    ['', /beginning with one slash/],
    ['page', /beginning with one slash/],
    ['http://example.com/', /beginning with one slash/],
    ['//example.com/', /beginning with one slash/],
    ['/a\r\nSet-Cookie: x', /control characters/],
    ['/a\0', /control characters/],
    ['/a%00b', /NUL/],
    ['/a#b', /fragment.*%23/],
    ['/100%', /no escape.*%25/],
    ['/a/../b', /resolve it/],
    ['/%2e%2E/b', /resolve it/],
    ['/a%2f..%2fb', /resolve it/],
    ['/.', /resolve it/],
    ['/\ud800', /surrogate/],
    [`/${'a'.repeat(8190)}`, /8191 bytes, more than the 8190/],
  ];
  for (const [uri, message] of refused) {
    it(`refuses ${JSON.stringify(uri.slice(0, 30))}`, () =>
      assertRefused(() => internalRedirect(uri), 'LSAPI_ERR_LITESPEED_LOCATION', message));
  }

  it('refuses what is no text', () =>
    assertRefused(
      () => internalRedirect(undefined as unknown as string),
      'LSAPI_ERR_LITESPEED_LOCATION',
      /undefined: it must be a path/,
    ));
});

describe('FileRoots', () => {
  const roots = new FileRoots([
    { directory: '/srv/site', uri: '/' },
    { directory: '/srv/site/data/', uri: '/_data' },
    { directory: '/srv/other', uri: '/a%20b/' },
  ]);

  const located: [path: string, uri: string | undefined][] = [
    ['/srv/site/index.html', '/index.html'],
    ['/srv/site/sub/ü %?#.txt', '/sub/%C3%BC%20%25%3F%23.txt'],
    ['/srv/site/data/x.csv', '/_data/x.csv'],
    ['/srv/other/x', '/a%20b/x'],
    ['/srv/site/sub/../x', '/x'],
    ['/srv/site/../secret', undefined],
    ['/srv/site-2/x', undefined],
    ['/srv/site', undefined],
    ['/srv/site/sub/', undefined],
    ['srv/site/x', undefined],
    ['/srv/site/x\0.txt', undefined],
    ['/srv/site/\ud800', undefined],
  ];
  for (const [path, uri] of located) {
    it(`${JSON.stringify(path)}: ${uri ?? 'cannot be delivered'}`, () =>
      assert.equal(roots.locate(path)?.uri, uri));
  }

  const refused: [directory: string, uri: string, message: RegExp][] = [
    ['files', '/files/', /absolute path/],
    ['/', '/files/', /every file of the machine/],
    ['/srv/..', '/files/', /every file of the machine/],
    ['/srv', 'files/', /must be a path/],
    ['/srv', '//files/', /must be a path/],
    ['/srv', '/files?x', /without a query/],
    ['/srv', '/fi les/', /percent-encoded/],
    ['/srv', '/a\r\nb/', /percent-encoded/],
  ];
  for (const [directory, uri, message] of refused) {
    it(`refuses the directory ${directory} as ${JSON.stringify(uri)}`, () =>
      assertRefused(() => new FileRoots([{ directory, uri }]), 'LSAPI_ERR_OPTION', message));
  }
});

describe('fileDelivery()', () => {
  const roots = [{ directory: '/srv/files', uri: '/_files/' }];

  it('names the file by its URI and carries headers', () => {
    assert.deepEqual(fileDelivery('/srv/files/a b.pdf', roots, [['Content-Disposition', 'attachment']]), [
      ['X-LiteSpeed-Location', '/_files/a%20b.pdf'],
      ['Content-Disposition', 'attachment'],
    ]);
  });

  it('refuses files outside the roots, dot segments resolved', () => {
    for (const path of ['/etc/passwd', '/srv/files/../../etc/passwd', 'a.pdf', '/srv/files']) {
      assertRefused(() => fileDelivery(path, roots), 'LSAPI_ERR_LITESPEED_FILE', /below one of the roots/);
    }
  });
});
