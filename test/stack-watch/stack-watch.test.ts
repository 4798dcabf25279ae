import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { lsnodes, nodeApp, rawApp } from '../cli/support/lsnode.js';

/** An app that computes for as long as the query tells, where it is asked to. */
const spinning = {
  'app.js': nodeApp(`
    function spinFor(milliseconds) {
      for (const end = Date.now() + milliseconds; Date.now() < end; );
    }
    if (req.url.startsWith('/spin?')) spinFor(Number(req.url.slice(6)));
    if (req.url.startsWith('/match?')) /^(a+)+$/.test('a'.repeat(Number(req.url.slice(7))) + 'b');
    res.end(String(process.pid));`),
};

const stack = (pid: string | number, ...functions: string[]): RegExp =>
  new RegExp(
    `^lsapi\\[${pid}\\]: the event loop has not turned for [1-9][0-9.]* s; the stack:\n` +
      functions.map((name) => `    at ${name} \\(.*:\\d+:\\d+\\)\n(?:    .*\n)*?`).join(''),
    'm',
  );

describe('LSNODE_STACK_AFTER', () => {
  const start = lsnodes();

  it('logs what a worker is doing while its event loop stands still, and when it turns again', async () => {
    const lsnode = start({ files: spinning, env: { LSNODE_STACK_AFTER: '1' } });
    const connection = await lsnode.connect();
    const answer = connection.request({ url: '/spin?2500' });
    await lsnode.printed(stack(lsnode.pid, 'spinFor', '.*'));
    assert.equal((await answer).text, String(lsnode.pid));
    await lsnode.printed(/^lsapi\[\d+\]: the event loop turns again, after [2-9][0-9.]* s$/m);
  });

  it('logs it of a forked child, each time that it is stuck, once', async () => {
    const lsnode = start({ files: spinning, env: { LSAPI_CHILDREN: '2', LSNODE_STACK_AFTER: '1' } });
    const connection = await lsnode.connect();
    for (const time of [1, 2]) {
      const pid = (await connection.request({ url: '/spin?2500' })).text;
      assert.notEqual(pid, String(lsnode.pid));
      await lsnode.printed(new RegExp(`(?:the event loop turns again[^]*){${time}}`));
      assert.equal(lsnode.stderr.match(/has not turned/g)?.length, time, lsnode.stderr);
      assert.match(lsnode.stderr, stack(pid, 'spinFor'));
    }
  });

  it('shows where a regular expression takes for ever', async () => {
    const lsnode = start({ files: spinning, env: { LSNODE_STACK_AFTER: '1' } });
    void (await lsnode.connect()).request({ url: '/match?60' }).catch(() => undefined);
    await lsnode.printed(/the stack:\n[^]*\n.*emit/);
    assert.match(
      lsnode.stderr,
      /the stack:\n {4}at file:.*app\.js:\d+:\d+\n|the stack:\n {4}at .*app\.js:\d+:\d+\)?\n/,
    );
  });

  it('says so where the app is in native code, which cannot be interrupted', async () => {
    const files = {
      'app.js': nodeApp(`require('node:child_process').execSync('sleep 4'); res.end('slept');`),
    };
    const lsnode = start({ files, env: { LSNODE_STACK_AFTER: '1' } });
    const answer = (await lsnode.connect()).request();
    await lsnode.printed(
      /has not turned for .*; the stack:\n {4}in native code, which cannot be interrupted/,
    );
    assert.equal((await answer).text, 'slept');
  });

  it('is silent about a request that waits, for the event loop turns meanwhile', async () => {
    const files = {
      'app.js': rawApp(`
        await new Promise((resolve) => setTimeout(resolve, 2500));
        response.send(200, {}, 'waited');`),
    };
    const lsnode = start({ files, env: { LSNODE_STACK_AFTER: '1' } });
    assert.equal((await (await lsnode.connect()).request()).text, 'waited');
    assert.doesNotMatch(lsnode.stderr, /event loop/);
  });

  it('does not give its thread the environment or the modules that are loaded first, nor keep the process', async () => {
    const files = { ...spinning, 'first.cjs': 'console.error("loaded first");' };
    const lsnode = start({
      files,
      env: { LSNODE_STACK_AFTER: '1', NODE_OPTIONS: '--require ./first.cjs' },
    });
    await (await lsnode.connect()).request();
    lsnode.child.kill('SIGTERM');
    assert.equal(await lsnode.exitCode(), 0);
    assert.equal(lsnode.stderr.match(/loaded first/g)?.length, 1, lsnode.stderr);
  });

  it('costs a thread, and none without it', async () => {
    const threads = async (env: Record<string, string>): Promise<number> => {
      const lsnode = start({ files: spinning, env: { LSAPI_CHILDREN: '2', ...env } });
      const pid = (await (await lsnode.connect()).request()).text;
      return readdirSync(`/proc/${pid}/task`).length;
    };
    assert.equal(await threads({ LSNODE_STACK_AFTER: '60' }), (await threads({})) + 1);
  });
});
