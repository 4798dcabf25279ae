import assert from 'node:assert/strict';
import { isLsapiError } from '#lib/errors.js';
import { cacheControl, cachePurge, cacheSupport, cacheTags, cacheVary } from '#lib/litespeed/index.js';

const refused = (work: () => unknown, message: RegExp): void => {
  assert.throws(work, (error) => isLsapiError(error, 'LSAPI_ERR_OPTION') && message.test(error.message));
};

describe('LSCache, by response headers', () => {
  describe('cacheControl()', () => {
    const cases: [policy: Parameters<typeof cacheControl>[0], value: string][] = [
      [{}, 'public'],
      [{ maxAge: 3600 }, 'public,max-age=3600'],
      [{ scope: 'private', maxAge: 0 }, 'private,max-age=0'],
      [{ scope: 'shared', maxAge: 60, vary: false, esi: true }, 'shared,private,no-vary,max-age=60,esi=on'],
      [
        { scope: 'public', sharedMaxAge: 10, maxAge: 20, maxStale: 30 },
        'public,max-age=20,s-maxage=10,max-stale=30',
      ],
      [{ scope: 'no-cache' }, 'no-cache'],
      [{ scope: 'no-cache', esi: true }, 'no-cache,esi=on'],
      [{ esi: false }, 'public,esi=off'],
    ];
    for (const [policy, value] of cases) {
      it(`${JSON.stringify(policy)}: ${value}`, () => {
        assert.deepEqual(cacheControl(policy), ['X-LiteSpeed-Cache-Control', value]);
      });
    }

    it('refuses what makes no sense', () => {
      refused(() => cacheControl({ maxAge: -1 }), /"maxAge" is -1/);
      refused(() => cacheControl({ maxAge: 1.5 }), /whole number/);
      refused(() => cacheControl({ sharedMaxAge: NaN }), /"sharedMaxAge" is NaN/);
      refused(() => cacheControl({ scope: 'no-cache', maxAge: 1 }), /no-cache/);
      refused(() => cacheControl({ scope: 'everybody' as 'public' }), /'everybody' is none of/);
    });
  });

  it('cacheTags(): names, those of a public part with a prefix', () => {
    assert.deepEqual(cacheTags('blog', 'post_7', 'public:menu'), [
      'X-LiteSpeed-Tag',
      'blog,post_7,public:menu',
    ]);
    refused(() => cacheTags(), /one tag/);
    for (const tag of ['', 'a b', 'a,b', 'a;b', 'ä', 'a\r\nSet-Cookie: x=1', 'a\0']) {
      refused(() => cacheTags(tag), /cannot be sent/);
    }
  });

  it('cacheVary(): cookies and a value of its own', () => {
    assert.deepEqual(cacheVary({ cookies: ['currency', 'group'], value: 'mobile' }), [
      'X-LiteSpeed-Vary',
      'cookie=currency,cookie=group,value=mobile',
    ]);
    refused(() => cacheVary({}), /"cookies", "value"/);
    refused(() => cacheVary({ cookies: ['a=b,c'] }), /cannot be sent/);
  });

  it('cachePurge(): by tag, by URL, all; public, private, stale; several at once', () => {
    const purges: [purge: Parameters<typeof cachePurge>, value: string][] = [
      [[{}], 'public, *'],
      [[{ scope: 'private' }], 'private, *'],
      [[{ tags: ['a', 'b'] }], 'public, tag=a, tag=b'],
      [[{ urls: ['/news?page=2'] }], 'public, /news?page=2'],
      [
        [
          { tags: ['a'], stale: true },
          { scope: 'private', tags: ['cart'] },
        ],
        'public, stale, tag=a; private, tag=cart',
      ],
    ];
    for (const [purge, value] of purges) assert.deepEqual(cachePurge(...purge), ['X-LiteSpeed-Purge', value]);
    refused(() => cachePurge(), /say what to purge/);
    for (const url of ['news', 'http://a/', '/a b', '/a,b', '/a;b', '/ä', '/\r\n']) {
      refused(() => cachePurge({ urls: [url] }), /cannot be named/);
    }
    refused(() => cachePurge({ scope: 'shared' as 'public' }), /neither/);
  });

  it('cacheSupport() says what X-LSCACHE says', () => {
    assert.deepEqual(cacheSupport({ 'X-LSCACHE': 'on,crawler' }), {
      enabled: true,
      esi: false,
      crawler: true,
    });
    assert.deepEqual(cacheSupport({ 'X-LSCACHE': 'on, esi' }), { enabled: true, esi: true, crawler: false });
    assert.deepEqual(cacheSupport({}), { enabled: false, esi: false, crawler: false });
  });
});
