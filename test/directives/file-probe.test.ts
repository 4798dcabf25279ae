import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { byteText, MACHINE_PROBE, readApacheConfiguration, resolveRequest } from '#lib/directives/index.js';

describe('scripts in the file system of this machine', () => {
  let root: string;
  before(() => {
    root = mkdtempSync(join(tmpdir(), 'probe-'));
    mkdirSync(join(root, 'dir'));
    writeFileSync(join(root, 'dir/é.js'), '');
    writeFileSync(join(root, 'dir/.htaccess'), 'WSGICallableObject fromHtaccess\n');
    symlinkSync('dir/é.js', join(root, 'link.js'));
    symlinkSync('nowhere', join(root, 'dangling.js'));
  });
  after(() => rmSync(root, { recursive: true }));

  const kinds: [name: string, expected: { kind: string; link: boolean }][] = [
    ['dir', { kind: 'directory', link: false }],
    ['dir/é.js', { kind: 'file', link: false }],
    ['dir/é.js/x', { kind: 'missing', link: false }],
    ['link.js', { kind: 'file', link: true }],
    ['dangling.js', { kind: 'missing', link: true }],
    ['none', { kind: 'missing', link: false }],
  ];
  for (const [name, expected] of kinds) {
    it(`${name} is ${expected.link ? 'a link to ' : ''}${expected.kind}`, () => {
      const { kind, link } = MACHINE_PROBE.probe(byteText(join(root, name)));
      assert.deepEqual({ kind, link }, expected);
    });
  }

  it('are found by aliases, with the .htaccess on the way', () => {
    const config = join(root, 'site.conf');
    const section = `<Directory "${root}">\nAllowOverride FileInfo\n</Directory>\n`;
    writeFileSync(config, `ServerName x\nWSGIScriptAlias /d ${root}/dir\n${section}`);
    const { configuration, problems } = readApacheConfiguration([config], { environ: {} });
    assert.deepEqual(problems, []);
    const request = { uri: '/d/%C3%A9.js/info', headers: [['Host', 'x']] as const, serverPort: 80 };
    const found = resolveRequest(configuration, request, { environ: {} });
    assert.ok(found.kind === 'script');
    assert.equal(found.script, byteText(join(root, 'dir/é.js')));
    assert.equal(found.callableObject, 'fromHtaccess');
    assert.equal(found.pathInfo, '/info');
  });
});
