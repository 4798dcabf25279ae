import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { isLsapiError } from '#lib/errors.js';
import { loadAddon } from '#lib/native/load-addon.js';
import { root } from '../cli/support/lsnode.js';

const run = promisify(execFile);

describe('Loading the addon', () => {
  let directory: string;
  let built: string;
  let prebuilt: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'lsapi-addon-'));
    built = join(directory, 'build/Release/lsapi.node');
    prebuilt = join(directory, `prebuilds/linux-${process.arch}/lsapi.glibc.node`);
    for (const path of [built, prebuilt]) mkdirSync(dirname(path), { recursive: true });
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const putAddon = (path: string): void => copyFileSync(join(root, 'build/Release/lsapi.node'), path);

  /** Where a process of its own that loads it finds it: addons stay loaded. */
  async function placeOfLoaded(): Promise<string> {
    const program = `
      import { loadAddon } from ${JSON.stringify(import.meta.resolve('#lib/native/load-addon.js'))};
      process.stdout.write(loadAddon(${JSON.stringify(directory)}).addonPath());`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program]);
    return stdout;
  }

  function failure(): Error {
    try {
      loadAddon(directory);
    } catch (error) {
      assert.ok(isLsapiError(error, 'LSAPI_ERR_NATIVE'));
      return error;
    }
    return assert.fail('something was loaded');
  }

  it('takes the prebuilt one for this platform', async () => {
    putAddon(prebuilt);
    assert.equal(await placeOfLoaded(), prebuilt);
  });

  it('prefers one that was built from the sources', async () => {
    putAddon(prebuilt);
    putAddon(built);
    assert.equal(await placeOfLoaded(), built);
  });

  it('takes the prebuilt one where the built one cannot be loaded', async () => {
    putAddon(prebuilt);
    writeFileSync(built, 'of another machine');
    assert.equal(await placeOfLoaded(), prebuilt);
  });

  it('lists what it tried, on what kind of system, and how to build one', () => {
    const { message } = failure();
    for (const part of [
      `linux-${process.arch}`,
      `Node ${process.versions.node}`,
      `Node-API ${process.versions.napi}`,
      `${built}: not there`,
      `${prebuilt}: not there`,
      `npx node-gyp rebuild --directory '${directory}'`,
    ]) {
      assert.ok(message.includes(part), `${part}\n${message}`);
    }
    assert.match(message, /glibc/);
  });

  it('tells why the dynamic linker refused one', () => {
    writeFileSync(prebuilt, 'not an ELF file');
    const { message, cause } = failure();
    const line = message.split('\n').find((text) => text.includes(prebuilt));
    assert.match(line ?? '', /invalid ELF header|file too short/);
    assert.ok(cause instanceof Error);
  });
});
