import assert from 'node:assert/strict';
import { join } from 'node:path';
import { lsnodes, root } from '../cli/support/lsnode.js';
import { printed, runScript } from './support/fork-script.js';

const PACKAGE = JSON.stringify(join(root, 'dist/index.js'));

describe('Hooks of an app at the turning points of its process', function () {
  this.timeout(30_000);

  it('are called in the order of their registration, those before the exit in the reverse, and awaited', async () => {
    const calls = await printed<string>(`
      for (const name of ['onBeforeFork', 'onAfterFork', 'onBeforeExit']) {
        hooks[name](async () => { await delay(20); print(name + ' 1'); });
        hooks[name](() => print(name + ' 2'));
      }
      await hooks.runBeforeFork();
      await hooks.runAfterFork();
      await hooks.runBeforeExit();`);
    assert.deepEqual(calls, [
      'onBeforeFork 1',
      'onBeforeFork 2',
      'onAfterFork 1',
      'onAfterFork 2',
      'onBeforeExit 2',
      'onBeforeExit 1',
    ]);
  });

  it("an error of one is logged with the hook's name and its stack; the others run", async () => {
    const { stdout, stderr, code } = await runScript(`
      hooks.onAfterFork(function openPool() { throw new Error('no pool'); });
      hooks.onAfterFork(async () => { await null; throw 'no reason'; });
      hooks.onAfterFork(() => print('third'));
      await hooks.runAfterFork();`);
    assert.equal(code, 0);
    assert.equal(stdout, '"third"\n');
    assert.match(
      stderr,
      /^lsapi\[\d+\]: the app's onAfterFork hook openPool\(\) failed: Error: no pool\n {4}at .*openPool/,
    );
    assert.match(stderr, /the app's onAfterFork hook failed: no reason\n/);
  });

  it('one that is taken back is not called; taking it back twice takes no other', async () => {
    const calls = await printed<string>(`
      const hook = () => print('once');
      const remove = hooks.onBeforeFork(hook);
      hooks.onBeforeFork(hook);
      remove(); remove();
      await hooks.runBeforeFork();`);
    assert.deepEqual(calls, ['once']);
  });

  it('an onAfterFork hook that is registered once requests are served is called at once, but not before the next statement', async () => {
    const calls = await printed<string>(`
      await hooks.runAfterFork();
      hooks.onAfterFork(() => print('hook'));
      hooks.onAfterFork(() => print('taken back'))();
      print('statement');
      await null;
      print('after a microtask');`);
    assert.deepEqual(calls, ['statement', 'hook', 'after a microtask']);
  });

  it("an app's own copy of the package and the running one have the same hooks", async () => {
    const calls = await printed<string>(`
      const copy = await import('${root}dist-dev/lib/process-group/hooks.js?copy');
      if (copy.onAfterFork === hooks.onAfterFork) throw new Error('no copy');
      copy.onAfterFork(() => print('called'));
      await hooks.runAfterFork();
      copy.onAfterFork(() => print('late'));`);
    assert.deepEqual(calls, ['called', 'late']);
  });

  it('what is no function is refused', async () => {
    const [message] = await printed<string>(
      `try { hooks.onBeforeExit('close'); } catch (error) { print(error.name + ': ' + error.message); }`,
    );
    assert.equal(message, 'TypeError: onBeforeExit() takes a function, not string');
  });

  describe('of an app in Worker mode', () => {
    const start = lsnodes();
    const app = (body: string, url = ''): Record<string, string> => ({
      'app.mjs': `import http from 'node:http';
        import { setTimeout as delay } from 'node:timers/promises';
        import { onBeforeFork, onAfterFork, onBeforeExit } from ${PACKAGE};
        let pool = 'no pool';
        const server = http.createServer((request, response) => { ${url} response.end(pool); }).listen(3000);
        ${body}`,
    });

    it('onAfterFork is awaited before the first request, onBeforeFork is not called', async () => {
      const lsnode = start({
        files: app(`onBeforeFork(() => console.log('before the fork'));
          onAfterFork(async () => { await delay(100); pool = 'pool'; });`),
      });
      const client = await lsnode.connect();
      assert.equal((await client.request()).text, 'pool');
      assert.doesNotMatch(lsnode.stderr, /before the fork/);
    });

    it('onBeforeExit is awaited when the process is told to stop', async () => {
      const lsnode = start({
        files: app(`onBeforeExit(async () => { await delay(100); console.log('closed'); });`),
      });
      await (await lsnode.connect()).request();
      lsnode.child.kill('SIGTERM');
      assert.equal(await lsnode.exitCode(), 0);
      assert.match(lsnode.stderr, /closed\n$/);
    });

    it('onBeforeExit comes before the SIGTERM that an app listens to', async () => {
      const lsnode = start({
        files: app(`onBeforeExit(async () => { await delay(50); console.log('closed'); });
          process.on('SIGTERM', () => { console.log('told'); process.exit(3); });`),
      });
      await (await lsnode.connect()).request();
      lsnode.child.kill('SIGUSR1');
      assert.equal(await lsnode.exitCode(), 3);
      assert.match(lsnode.stderr, /closed\ntold\n$/);
    });

    it('onBeforeExit is called when the app closes its server', async () => {
      const lsnode = start({
        files: app(`onBeforeExit(() => console.log('closed'));`, 'server.close();'),
      });
      await (await lsnode.connect()).request();
      assert.equal(await lsnode.exitCode(), 0);
      assert.match(lsnode.stderr, /closed\n$/);
    });

    it('an onBeforeExit hook that never ends does not hold the process for longer than the grace', async () => {
      const lsnode = start({
        files: app(`onBeforeExit(() => new Promise(() => {}));`),
        env: { LSNODE_GRACE: '1' },
      });
      await (await lsnode.connect()).request();
      lsnode.child.kill('SIGTERM');
      assert.equal(await lsnode.exitCode(), 0);
      assert.match(lsnode.stderr, /onBeforeExit hooks were still running after 1 s; the process ends\n$/);
    });
  });
});
