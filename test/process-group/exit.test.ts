import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { runScript } from './support/fork-script.js';

interface Ending {
  status: unknown;
  stdout: string;
  stderr: string;
}

/** The script forks a child that does `body`, and tells on descriptor 3 how the child has ended. */
const forked = (body: string): string => `
  const pid = native.forkOnce();
  if (pid < 0) throw new Error('fork: ' + pid);
  if (pid > 0) {
    const deadline = Date.now() + 10000;
    for (;;) {
      // The child stays a zombie: nobody waits for it. Its status is the last field.
      const fields = fs.readFileSync('/proc/' + pid + '/stat', 'latin1').split(') ')[1].trim().split(' ');
      if (fields[0] === 'Z') {
        const status = Number(fields.at(-1));
        fs.writeSync(3, JSON.stringify((status & 127) === 0 ? { code: status >> 8 } : { signal: status & 127 }));
        break;
      }
      if (Date.now() > deadline) {
        fs.writeSync(3, '"the child hangs"');
        process.kill(pid, 'SIGKILL');
        break;
      }
      await delay(5);
    }
  } else {
    exit.installChildExit(native);
    setTimeout(() => { ${body} });
  }`;

async function endOfChild(
  body: string,
  readAfter?: (child: ChildProcess) => Promise<unknown>,
): Promise<Ending> {
  const result = await runScript(forked(body), readAfter === undefined ? {} : { readAfter });
  assert.equal(result.code, 0, result.stderr);
  return { status: JSON.parse(result.report), stdout: result.stdout, stderr: result.stderr };
}

const SIGNALS: Readonly<Record<string, number>> = { SIGABRT: 6, SIGTERM: 15 };

async function endOfNode(body: string): Promise<Ending> {
  // On the same lines and columns, so that stacks are the same.
  const { code, signal, stdout, stderr } = await runScript(
    forked(body)
      .replace('native.forkOnce()', '0')
      .replace('exit.installChildExit(native)', '                             '),
  );
  return { status: signal === null ? { code } : { signal: SIGNALS[signal] }, stdout, stderr };
}

/** Without the part that shows the source, frames below the app's, and the directory. */
function comparable({ status, stdout, stderr }: Ending): Ending {
  const text = stderr
    .replace(/^[^]*?(?=^(?:\[?\w*Error|UnhandledPromiseRejection))/m, '')
    .replaceAll(
      /^ {4}at .*(?:node:internal\/process\/(?:execution|per_thread)|process-group\/exit).*\n/gm,
      '',
    )
    // Other positions in it: there is one listener more.
    .replaceAll(/(process\.emit \(node:events):[\d:]+/g, '$1')
    .replaceAll(/0x[\da-f]+/g, '0x')
    .replaceAll(/lsapi-fork-\w+/g, 'directory');
  return { status, stdout, stderr: text };
}

const SAY = (what: string): string => `fs.writeSync(1, ${what} + '\\n')`;
const TELL_EXIT = `process.on('exit', (code) => ${SAY("'exit ' + code + ' ' + process.exitCode")});`;

const ends: Record<string, string> = {
  'process.exit(3)': `${TELL_EXIT} process.exit(3)`,
  'process.exit() with process.exitCode': `${TELL_EXIT} process.exitCode = 4; process.exit()`,
  'nothing left to do': TELL_EXIT,
  'nothing left to do, with process.exitCode': `${TELL_EXIT} process.exitCode = 5`,
  'nothing left to do, until beforeExit finds something': `${TELL_EXIT}
    process.once('beforeExit', async () => { await null; setTimeout(() => ${SAY("'more'")}, 5) })`,
  'nothing left to do, beforeExit finds something each time but the last': `${TELL_EXIT} let times = 0;
    process.on('beforeExit', (code) => { ${SAY("'beforeExit ' + code")}; if (++times < 4) setImmediate(() => {}) })`,
  'nothing left to do, with timers and servers that do not keep the process': `${TELL_EXIT}
    setInterval(() => {}, 1000).unref(); require('node:net').createServer().listen(0, '127.0.0.1').unref()`,
  'nothing left to do, after work of all kinds': `${TELL_EXIT} setTimeout(() => {}, 20); fs.stat('/', () => ${SAY("'stat'")});
    require('node:zlib').gzip('it', () => setImmediate(() => ${SAY("'gzip'")}))`,
  'process.exit() in beforeExit': `${TELL_EXIT} process.on('beforeExit', () => process.exit(3))`,
  'an error in beforeExit': `${TELL_EXIT} process.on('beforeExit', () => { throw new Error('in beforeExit') })`,
  'an exit listener that was added last': `setTimeout(() => process.on('exit', () => { process.exitCode = 6; ${SAY("'last'")} }), 5)`,
  'an exit listener that ends the process itself': `process.on('exit', () => process.exit(7)); ${TELL_EXIT}`,
  'an exit listener that throws, nothing left to do': `process.on('exit', () => { throw new Error('in exit') })`,
  'an exit listener that throws, process.exit()': `process.on('exit', () => { throw new Error('in exit') }); process.exit(8)`,
  'the exit event emitted by the app': `process.emit('exit', 3); setTimeout(() => { ${SAY("'still here'")} }, 20)`,
  'an app that replaces process.emit': `const { emit } = process; process.emit = function (name, ...rest) {
    const result = Reflect.apply(emit, this, [name, ...rest]); if (name === 'exit') ${SAY("'after exit'")}; return result };
    ${TELL_EXIT}`,
  'an uncaught error': `${TELL_EXIT} throw new Error('the reason')`,
  'an uncaught error with properties and a cause': `throw Object.assign(new TypeError('it', { cause: new Error('why') }), { code: 'E_IT', nested: { a: [1] } })`,
  'an uncaught error, after process.exitCode was set': `process.exitCode = 9; ${TELL_EXIT} throw new Error('the reason')`,
  'an uncaught error, an exit listener sets process.exitCode': `process.on('exit', () => (process.exitCode = 9)); throw new Error('it')`,
  'an uncaught error in the middle of output': `process.stdout.write('before'); throw new RangeError('the reason')`,
  'an uncaught error without a stack': `const error = new Error('bare'); delete error.stack; error.stack = undefined; throw error`,
  'an unhandled rejection': `${TELL_EXIT} void Promise.reject(new Error('the reason'))`,
  'an unhandled rejection with a text': `void Promise.reject('the text')`,
  'an unhandled rejection in an async function': `void (async () => { await null; null.property })()`,
  'an error event that nobody hears': `new (require('node:events'))().emit('error', new Error('the reason'))`,
  'an error that the app handles': `process.on('uncaughtException', (error) => ${SAY('error.message')}); ${TELL_EXIT} throw new Error('handled')`,
  'an app that handles the error by process.exit()': `process.on('uncaughtException', () => process.exit(9)); throw new Error('it')`,
  'a handler of uncaught errors that throws': `${TELL_EXIT} process.on('uncaughtException', () => { throw new Error('worse') }); throw new Error('it')`,
  'a capture callback': `process.setUncaughtExceptionCaptureCallback((error) => ${SAY('error.message')}); throw new Error('captured')`,
  'a capture callback that throws': `process.setUncaughtExceptionCaptureCallback(() => { throw new Error('worse') }); throw new Error('it')`,
  'process.abort()': `process.abort()`,
  SIGTERM: `process.kill(native.processId(), 'SIGTERM'); setInterval(() => {}, 1000)`,
};

describe('The end of a forked child', function () {
  this.timeout(60_000);

  for (const [what, body] of Object.entries(ends)) {
    it(`${what}: as in a Node process of its own`, async () => {
      const [child, node] = await Promise.all([endOfChild(body), endOfNode(body)]);
      assert.deepEqual(comparable(child), comparable(node));
    });
  }

  it('an uncaught error is shown with its place and its line of source', async () => {
    const { stderr } = await endOfChild(`const nothing = undefined; nothing.property`);
    assert.match(
      stderr,
      /^file:\/\/\/\S+script\.mjs:\d+\n.*nothing\.property.*\n *\^\n\nTypeError: .*\n {4}at [^]*\n\nNode\.js v\d+\.\d+\.\d+\n$/,
    );
  });

  const values = { "'the text'": "'the text'", null: 'null', "{ an: 'object' }": "{ an: 'object' }" };
  for (const [value, shown] of Object.entries(values)) {
    it(`an uncaught ${value}, which is no Error, is shown as it is`, async () => {
      const { status, stderr } = await endOfChild(`throw (${value})`);
      assert.deepEqual(status, { code: 1 });
      assert.equal(stderr, `Uncaught ${shown}\n\nNode.js ${process.version}\n`);
    });
  }

  const MEGABYTE = 1 << 20;
  const fill = (stream: string): string => `process.${stream}.write('x'.repeat(${MEGABYTE}))`;
  const slow: Record<string, [body: string, status: object]> = {
    'process.exit()': [`${fill('stdout')}; ${fill('stderr')}; process.exit(3)`, { code: 3 }],
    'nothing left to do': [`${fill('stdout')}; ${fill('stderr')}`, { code: 0 }],
    'an uncaught error': [`${fill('stdout')}; ${fill('stderr')}; throw new Error('the reason')`, { code: 1 }],
    'an exit listener': [`process.on('exit', () => { ${fill('stdout')}; ${fill('stderr')} })`, { code: 0 }],
  };
  for (const [what, [body, status]] of Object.entries(slow)) {
    it(`${what}: a megabyte of output reaches a slow reader`, async () => {
      const child = await endOfChild(body, () => delay(300));
      assert.deepEqual(child.status, status);
      assert.equal(child.stdout.length, MEGABYTE);
      assert.equal(child.stderr.replace(/^x*/, '').length > 0, what === 'an uncaught error');
      assert.equal(/^x*/.exec(child.stderr)?.[0].length, MEGABYTE);
    });
  }
});
