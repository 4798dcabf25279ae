import assert from 'node:assert/strict';
import { isLsapiError } from '#lib/errors.js';
import { fileRedirect, internalRedirect } from '#lib/litespeed/index.js';

const refused = (work: () => unknown): void => {
  assert.throws(work, (error) => isLsapiError(error, 'LSAPI_ERR_OPTION'));
};

describe('internalRedirect()', () => {
  it('encodes what a URI cannot have, and nothing twice', () => {
    const cases: Record<string, string> = {
      '/a/b.pdf?x=1&y=2': '/a/b.pdf?x=1&y=2',
      '/a b/ü.pdf': '/a%20b/%C3%BC.pdf',
      '/a%20b': '/a%20b',
      '/a\r\nSet-Cookie: x=1': '/a%0D%0ASet-Cookie:%20x=1',
    };
    for (const [uri, value] of Object.entries(cases)) {
      assert.deepEqual(internalRedirect(uri), ['X-LiteSpeed-Location', value]);
    }
  });

  it('refuses what is no path of the site', () => {
    for (const uri of ['', 'a', 'http://other.test/', '//other.test/', '/\ud800'])
      refused(() => internalRedirect(uri));
  });
});

describe('fileRedirect()', () => {
  const mount = { uri: '/files/', directory: '/srv/site/files' };

  it('is the URI of a file in the mount', () => {
    const cases: Record<string, string> = {
      '/srv/site/files/a.pdf': '/files/a.pdf',
      '/srv/site/files/b/../c d/100%#?.txt': '/files/c%20d/100%25%23%3F.txt',
      '/srv/site/files/..a': '/files/..a',
    };
    for (const [path, value] of Object.entries(cases)) {
      assert.deepEqual(fileRedirect(path, mount), ['X-LiteSpeed-Location', value]);
    }
    assert.deepEqual(fileRedirect('/srv/x', { uri: '/files', directory: '/srv/' }), [
      'X-LiteSpeed-Location',
      '/files/x',
    ]);
  });

  it('refuses files elsewhere', () => {
    for (const path of [
      '/srv/site/files',
      '/srv/site/files2/a',
      '/srv/site/files/../a',
      '/etc/passwd',
      'a',
      '/srv/site/files/a\0',
    ]) {
      refused(() => fileRedirect(path, mount));
    }
  });
});
