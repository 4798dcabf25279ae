import assert from 'node:assert/strict';
import {
  applyHeaders,
  cacheControl,
  cachePurge,
  cacheTag,
  cacheVary,
  type CachePurge,
} from '#lib/litespeed/index.js';
import { assertRefused } from './support/refused.js';

const refuses = (what: string, action: () => unknown, message: RegExp): void =>
  void it(`refuses ${what}`, () => assertRefused(action, 'LSAPI_ERR_LITESPEED_CACHE', message));

describe('cacheControl()', () => {
  const written: [options: Parameters<typeof cacheControl>[0], value: string][] = [
    [{ scope: 'public', maxAge: 3600 }, 'public,max-age=3600'],
    [{ scope: 'private', maxAge: 60, noVary: true }, 'private,no-vary,max-age=60'],
    [{ scope: 'shared', maxAge: 1, esi: true }, 'shared,private,max-age=1,esi=on'],
    [{ maxAge: 0, sharedMaxAge: 2147483647 }, 'max-age=0,s-maxage=2147483647'],
    [{ noCache: true }, 'no-cache'],
    [{ noStore: true, esi: true }, 'no-store,esi=on'],
    [{ esi: false }, 'esi=off'],
  ];
  for (const [options, value] of written) {
    it(`${JSON.stringify(options)}: ${value}`, () =>
      assert.deepEqual(cacheControl(options), ['X-LiteSpeed-Cache-Control', value]));
  }

  refuses('nothing', () => cacheControl({}), /nothing is said/);
  refuses(
    'an age beside noCache, which it would undo',
    () => cacheControl({ noCache: true, maxAge: 1 }),
    /would keep/,
  );
  refuses('a scope beside noStore', () => cacheControl({ noStore: true, scope: 'public' }), /would keep/);
  for (const maxAge of [-1, 1.5, NaN, Infinity, 2 ** 31, '60' as unknown as number]) {
    refuses(
      `the age ${JSON.stringify(maxAge)}`,
      () => cacheControl({ maxAge }),
      /maxAge must be whole seconds/,
    );
  }
  refuses(
    'an unknown scope',
    () => cacheControl({ scope: 'all' as 'public' }),
    /"private" or "shared", not "all"/,
  );
});

describe('cacheTag()', () => {
  it('a list is the tags of the page, each once', () => {
    assert.deepEqual(cacheTag(['a', 'P.12', 'a', 'url:/x']), ['X-LiteSpeed-Tag', 'a,P.12,url:/x']);
  });

  it('a private page can have public tags', () => {
    assert.deepEqual(cacheTag({ private: ['cart'], public: ['shop'] }), [
      'X-LiteSpeed-Tag',
      'public:shop,cart',
    ]);
  });

  refuses('no tag', () => cacheTag([]), /there is no tag/);
  refuses('an empty tag', () => cacheTag(['']), /not empty/);
  for (const tag of ['a,b', 'a;b', 'a b', 'a*', 'ä', 'a\r\nX: y', 'a\u007f']) {
    refuses(`the tag ${JSON.stringify(tag)}`, () => cacheTag([tag]), /visible ASCII without comma/);
  }
  refuses('a tag with its scope', () => cacheTag(['public:a']), /scope as an option/);
  refuses('a tag that a purge would misread', () => cacheTag(['a~s']), /instruction/);
});

describe('cacheVary()', () => {
  it('names cookies and a value', () => {
    assert.deepEqual(cacheVary({ cookies: ['lang', 'lang', 'currency'], value: 'mobile' }), [
      'X-LiteSpeed-Vary',
      'cookie=lang,cookie=currency,value=mobile',
    ]);
  });

  refuses('nothing', () => cacheVary({ cookies: [] }), /nothing is said/);
  refuses(
    'what is no name of a cookie',
    () => cacheVary({ cookies: ['a=b'] }),
    /"a=b" is no name of a cookie/,
  );
  refuses('a value of two', () => cacheVary({ value: 'a,b' }), /must be letters/);
});

describe('cachePurge()', () => {
  const written: [purges: CachePurge[], value: string][] = [
    [[{ everything: true }], 'public,*'],
    [[{ scope: 'private', everything: true }], 'private,*'],
    [[{ tags: ['a', 'b'] }], 'public,tag=a,tag=b'],
    [[{ tags: ['a'], stale: true }], 'public,stale,tag=a'],
    [[{ urls: ['/a', '/b?c=d'] }], 'public,/a;public,/b?c=d'],
    [
      [{ tags: ['a'] }, { scope: 'private', tags: ['b'], urls: ['/c'] }],
      'public,tag=a;private,tag=b;private,/c',
    ],
    [[{ tags: ['a'] }, { tags: ['a'] }], 'public,tag=a'],
  ];
  for (const [purges, value] of written) {
    it(`${JSON.stringify(purges)}: ${value}`, () =>
      assert.deepEqual(cachePurge(...purges), ['X-LiteSpeed-Purge', value]));
  }

  refuses('nothing', () => cachePurge(), /nothing to purge/);
  refuses('a purge of nothing', () => cachePurge({ tags: ['a'] }, { stale: true }), /purges nothing/);
  refuses('a URL with its host', () => cachePurge({ urls: ['https://a/b'] }), /without scheme and host/);
  for (const url of ['/a;b', '/a,b', '/a b', '/ä', '/a\n', '/a#b']) {
    refuses(`the URL ${JSON.stringify(url)}`, () => cachePurge({ urls: [url] }), /Purge the page by a tag/);
  }
  refuses('a tag with a wildcard', () => cachePurge({ tags: ['a*'] }), /visible ASCII/);
  refuses('an unknown scope', () => cachePurge({ scope: 'all' as 'public', everything: true }), /not "all"/);
});

describe('applyHeaders()', () => {
  const headers = [cacheControl({ scope: 'public', maxAge: 1 }), cacheTag(['a'])] as const;
  const expected = { 'x-litespeed-cache-control': 'public,max-age=1', 'x-litespeed-tag': 'a' };

  it('sets them on Headers and on a Response, and returns it', () => {
    assert.deepEqual(
      Object.fromEntries(applyHeaders(new Headers({ 'x-litespeed-tag': 'old' }), ...headers)),
      expected,
    );
    const response = new Response(null);
    assert.equal(applyHeaders(response, ...headers), response);
    assert.deepEqual(Object.fromEntries(response.headers), expected);
  });

  it('sets them in a list of the WSGI style', () => {
    const list: [string, string][] = [
      ['x-litespeed-TAG', 'old'],
      ['Content-Type', 'text/plain'],
    ];
    assert.deepEqual(applyHeaders(list, ...headers), [['Content-Type', 'text/plain'], ...headers]);
  });
});
