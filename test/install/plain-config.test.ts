import assert from 'node:assert/strict';
import fc from 'fast-check';
import { addMarked, disable, removeMarked } from '#lib/install/marked-edits.js';
import {
  entriesOf,
  numberOf,
  parsePlainConfig,
  valueOf,
  type ConfigEntry,
} from '#lib/install/plain-config.js';
import { unifiedDiff } from '#lib/install/unified-diff.js';
import { HOST_CONFIG, SERVER_CONFIG } from './support/server.js';

describe("OpenLiteSpeed's plain text configuration", () => {
  const { entries } = parsePlainConfig(SERVER_CONFIG);
  const block = (keyword: string): ConfigEntry | undefined => entriesOf(entries, keyword)[0];

  it('is read with keywords of any case, and braces without a blank before them', () => {
    assert.deepEqual(
      entries.map(({ keyword, value }) => `${keyword} ${value}`.trim()),
      [
        'servername',
        'user nobody',
        'group nogroup',
        'httpdworkers 1',
        'errorlog logs/error.log',
        'tuning',
        'accesscontrol',
        'extprocessor lsphp',
        'scripthandler',
        'virtualhost shop',
        'listener Default',
      ],
    );
    assert.equal(valueOf(block('extProcessor'), 'address'), 'uds://tmp/lshttpd/lsphp.sock');
    assert.equal(valueOf(block('accessControl'), 'deny'), undefined);
  });

  it('is read with values that go on for several lines', () => {
    const rewrite = entriesOf(parsePlainConfig(HOST_CONFIG).entries, 'rewrite')[0];
    assert.equal(
      valueOf(rewrite, 'rules'),
      'RewriteCond %{HTTP_HOST} ^www\\.(.*)$ [NC]\nRewriteRule ^(.*)$ https://%1/$1 [R=301,L]',
    );
    const [joined] = parsePlainConfig('note one \\\n  two\nlast 1\n').entries;
    assert.deepEqual([joined?.value, joined?.line, joined?.end], ['one two', 1, 17]);
  });

  it('is read with numbers as the server reads them', () => {
    const [app] = parsePlainConfig('extprocessor a {\n a 2047M\n b 1G\n c 5\n d -1\n e many\n}').entries;
    assert.deepEqual(
      ['a', 'b', 'c', 'd', 'e', 'f'].map((keyword) => numberOf(app, keyword)),
      [2_146_435_072, 1_073_741_824, 5, -1, undefined, undefined],
    );
  });

  it('is told to be wrong where braces have no partner', () => {
    const problems = (text: string): number[] => parsePlainConfig(text).problems.map(({ line }) => line);
    assert.deepEqual(problems('a {\n}\n}\n'), [3]);
    assert.deepEqual(problems('user x\na {\n b {\n }\n'), [2]);
    assert.deepEqual(problems('# {\nvalue {not a block} here\n'), []);
  });

  describe('when it is edited', () => {
    const lines = fc.array(
      fc.constantFrom(
        'a 1',
        'b {',
        '}',
        '',
        '# comment',
        ' \t',
        'rules <<<END',
        'END',
        'x \\',
        'caf\u00e9 \u00ff',
      ),
      { maxLength: 30 },
    );
    const texts = fc
      .tuple(lines, fc.constantFrom('\n', '\r\n'), fc.boolean())
      .map(([parts, eol, ended]) => parts.join(eol) + (ended ? eol : ''));
    const isOurs = ({ keyword }: ConfigEntry): boolean => keyword === 'extprocessor';
    const ours = ['extprocessor app {', '  type lsapi', '}'];

    it('is the same again after what was added is taken back', () => {
      fc.assert(
        fc.property(texts, (text) => {
          const added = addMarked(text, 'app', { lines: ours, within: undefined });
          assert.notEqual(added, text);
          assert.equal(removeMarked(added, 'app', isOurs, 'file'), text);
        }),
      );
    });

    it('is the same again after what was replaced is put back', () => {
      fc.assert(
        fc.property(texts, (text) => {
          for (const entry of parsePlainConfig(text).entries) {
            const without = disable(text, 'app', entry);
            assert.equal(removeMarked(without, 'app', isOurs, 'file'), text);
          }
        }),
      );
    });

    it('gives a difference from which the new text can be made', () => {
      fc.assert(
        fc.property(texts, texts, (before, after) => {
          assert.equal(patched(before, unifiedDiff(before, after, 'a', 'b')), after);
        }),
      );
    });
  });
});

/** What patch(1) makes of a text. */
function patched(before: string, diff: string): string {
  const lines = before.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  let at = 0;
  let result = '';
  let last = '';
  for (const line of diff.match(/[^\n]*\n/g)?.slice(2) ?? []) {
    const hunk = /^@@ -(\d+),(\d+) \+\d+,\d+ @@$/m.exec(line);
    if (hunk !== null) {
      const start = Number(hunk[1]) - (hunk[2] === '0' ? 0 : 1);
      result += lines.slice(at, start).join('');
      at = start;
    } else if (line.startsWith('\\')) {
      if (!last.startsWith('-')) result = result.replace(/\n$/, '');
    } else if (line.startsWith('+')) {
      result += line.slice(1);
    } else {
      if (line.startsWith(' ')) result += line.slice(1);
      assert.equal(lines[at]?.replace(/\n$/, ''), line.slice(1, -1));
      at++;
    }
    last = line;
  }
  return result + lines.slice(at).join('');
}
