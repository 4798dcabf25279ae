import assert from 'node:assert/strict';
import { mountOf, normaliseNames } from '#lib/scripts/mount.js';

describe('The mount of a script', () => {
  const cases: [what: string, target: string, script: string, info: string, baseUrl: string, url: string][] =
    [
      ['the path up to the script', '/a.js/x/y', '/a.js', '/x/y', '/a.js', '/x/y'],
      ['nothing behind it: the root', '/a.js', '/a.js', '', '/a.js', '/'],
      ['a query belongs to the rest', '/a.js?x=1', '/a.js', '', '/a.js', '/?x=1'],
      ['a query behind path info', '/a.js/x?/a.js', '/a.js', '/x', '/a.js', '/x?/a.js'],
      [
        'escapes stay as they were sent',
        '/d%20e/a.js/%7Ex%2Fy',
        '/d e/a.js',
        '/~x/y',
        '/d%20e/a.js',
        '/%7Ex%2Fy',
      ],
      ['bytes beyond ASCII', '/%c3%bc.js/%C3%BC', '/\xc3\xbc.js', '/\xc3\xbc', '/%c3%bc.js', '/%C3%BC'],
      ['a percent sign in the name', '/a%2525.js/x', '/a%25.js', '/x', '/a%2525.js', '/x'],
      ['runs of slashes', '/d//a.js/x//y', '/d/a.js', '/x/y', '/d//a.js', '/x//y'],
      ['a script at the root', '/x?y', '', '/x', '', '/x?y'],
      ['a name that only begins alike', '/a.jsx', '/a.js', '/i', '/a.js', '/i?q'],
      ['a rewritten URL', '/pretty/7', '/a.js', '/item/7 ü', '/a.js', '/item/7%20%fc?q'],
      ['an index script', '/d/', '/d/index.js', '', '/d/index.js', '/?q'],
      ['a whole URL as target', 'http://h/a.js/x', '/a.js', '/x', '/a.js', '/x?q'],
    ];
  for (const [what, target, script, info, baseUrl, url] of cases) {
    it(`${what}: ${target}`, () => {
      assert.deepEqual(mountOf(target, script, info, 'q'), { baseUrl, url });
    });
  }

  describe('is read from what servers send', () => {
    const names: [what: string, env: Record<string, string>, scriptName: string, pathInfo: string][] = [
      ['a script handler', { SCRIPT_NAME: '/a.js', PATH_INFO: '/x' }, '/a.js', '/x'],
      ['no path info', { SCRIPT_NAME: '/a.js' }, '/a.js', ''],
      ['a context, whose slash overlaps', { SCRIPT_NAME: '/ctx/', PATH_INFO: '/x' }, '/ctx', '/x'],
      [
        'a rewrite, which leaves the path info in SCRIPT_NAME',
        { SCRIPT_NAME: '/d/a.js/x', PATH_INFO: '/x', SCRIPT_FILENAME: '/srv/d/a.js' },
        '/d/a.js',
        '/x',
      ],
      [
        'a script whose own name ends like its path info',
        { SCRIPT_NAME: '/a.js/a.js', PATH_INFO: '/a.js', SCRIPT_FILENAME: '/srv/a.js/a.js' },
        '/a.js/a.js',
        '/a.js',
      ],
    ];
    for (const [what, env, scriptName, pathInfo] of names) {
      it(what, () => assert.deepEqual(normaliseNames(env), { scriptName, pathInfo }));
    }
  });
});
