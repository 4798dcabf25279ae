import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { loadRemedy } from '#lib/app/load-remedy.js';

/** Errors as Node itself makes them: their codes and texts are what the remedies go by. */
describe('What is advised when an app does not load', () => {
  let directory = '';
  before(() => (directory = mkdtempSync(join(tmpdir(), 'lsnode-remedy-'))));
  after(() => rmSync(directory, { recursive: true, force: true }));

  async function remedyFor(files: Record<string, string>): Promise<string | undefined> {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, name)), { recursive: true });
      writeFileSync(join(directory, name), text);
    }
    const path = join(directory, Object.keys(files)[0] ?? '');
    try {
      await import(pathToFileURL(path).href);
    } catch (error) {
      return loadRemedy(error, path);
    }
    return assert.fail('it loads');
  }

  it('a package is missing: npm ci', async () => {
    assert.match(
      (await remedyFor({ 'a.mjs': 'import "no-such-package";' })) ?? '',
      /npm ci .*lsnode-remedy-/,
    );
    assert.match(
      (await remedyFor({ 'a.cjs': 'require("no-such-package");' })) ?? '',
      /npm ci .*lsnode-remedy-/,
    );
    assert.match((await remedyFor({ 'b.cjs': 'require("@scope/none");' })) ?? '', /npm ci/);
  });

  it('a file of the app is missing: its name', async () => {
    assert.match((await remedyFor({ 'c.mjs': 'import "./no-such-file.js";' })) ?? '', /name of the file/);
    assert.match((await remedyFor({ 'c.cjs': 'require("./no-such-file");' })) ?? '', /name of the file/);
  });

  it('an ES module that is taken for CommonJS: "type": "module"', async () => {
    assert.match((await remedyFor({ 'd.cjs': 'import "node:fs";' })) ?? '', /"type": "module"/);
  });

  it('an addon that does not fit: npm rebuild', async () => {
    assert.match(
      (await remedyFor({ 'e.cjs': 'require("./x.node");', 'x.node': 'no library' })) ?? '',
      /npm rebuild/,
    );
  });

  it('an unknown kind of file', async () => {
    assert.match((await remedyFor({ 'f.unknown': '', 'package.json': '{"type":"module"}' })) ?? '', /\.mjs/);
  });

  it('something that may not be read: permissions', () => {
    const error = Object.assign(new Error("EACCES: permission denied, open '/x'"), { code: 'EACCES' });
    assert.match(loadRemedy(error, '/app.js') ?? '', /permissions/);
  });

  it('nothing where the error says it all', async () => {
    assert.equal(await remedyFor({ 'g.cjs': 'throw new Error("broken")' }), undefined);
    assert.equal(loadRemedy('a string', '/app.js'), undefined);
  });
});
