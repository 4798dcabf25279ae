import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { lsnodes, root } from '../cli/support/lsnode.js';
import { APPS, runsHere } from './apps.js';
import { compareApp } from './compare-app.js';

/** Those whose packages are here anyway; `npm run apps` runs all. */
const HERE = new Set([
  'commonjs',
  'esm-top-level-await',
  'late-listen',
  'two-servers',
  'typescript',
  'express-5',
  'fastify',
  'koa',
]);

describe('Apps as they are written for plain Node', function () {
  this.timeout(60_000);
  const start = lsnodes();

  for (const app of APPS.filter(({ name }) => HERE.has(name))) {
    const directory = join(root, 'examples/apps', app.name);
    if (!runsHere(app)) {
      it(`${app.name}: this Node cannot run it, and the log says what to do`, async () => {
        const lsnode = start({ args: [join(directory, app.entry)] });
        assert.equal(await lsnode.exitCode(), 1);
        assert.match(lsnode.stderr, /does not load TypeScript: use Node 22\.18 or later/);
      });
      continue;
    }
    it(`${app.name} (${app.kind}): answers alike as a worker and as a group`, async () => {
      const { ways } = await compareApp(app, directory);
      for (const { way, differences } of ways) assert.deepEqual(differences, [], way);
    });
  }
});

describe('The second server of an app', () => {
  const start = lsnodes();
  const app = (port: number, more = ''): Record<string, string> => ({
    'app.mjs': `
      import { createServer } from 'node:http';
      createServer((request, response) => response.end('site')).listen(80);
      const second = createServer((request, response) => response.end(String(process.pid)));
      ${more}
      second.listen(${port}, '127.0.0.1', () => console.log('listening on', second.address().port, typeof second.address().family));`,
  });
  const ask = async (port: number): Promise<number> =>
    Number(await (await fetch(`http://127.0.0.1:${port}/`)).text());

  it('is one at a time for all processes of the app; another takes over when that ends', async () => {
    const first = start({ files: app(0) });
    const [, port = ''] = await first.printed(/listening on (\d+) string/);
    const second = start({ files: app(Number(port)) });
    await second.printed(/another process listens there; the app's second server takes over when that ends/);
    // It goes on as if it listened.
    await second.printed(new RegExp(`listening on ${port} string`));
    assert.equal((await (await second.connect()).request()).text, 'site');
    assert.equal(await ask(Number(port)), first.pid);
    first.child.kill('SIGTERM');
    await first.exitCode();
    let pid = 0;
    for (const deadline = Date.now() + 10_000; pid !== second.pid && Date.now() < deadline; await delay(50)) {
      pid = await ask(Number(port)).catch(() => 0);
    }
    assert.equal(pid, second.pid);
    assert.equal(second.stderr.match(/listening on/g)?.length, 1, 'the callback runs once');
  });

  it('is left to an app that listens to its errors', async () => {
    const first = start({ files: app(0) });
    const [, port = ''] = await first.printed(/listening on (\d+)/);
    const second = start({
      files: app(Number(port), "second.on('error', ({ code }) => console.log('error', code));"),
    });
    await second.printed(/error EADDRINUSE/);
    assert.equal((await (await second.connect()).request()).text, 'site');
  });
});
