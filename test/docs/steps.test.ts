import assert from 'node:assert/strict';
import { parsePage } from './support/markdown.js';
import { assertPrints } from './support/output.js';
import { performAll } from './support/run-pages.js';
import { stepsOf, type Step } from './support/steps.js';

const stepsIn = (...lines: string[]): Step[] => stepsOf(parsePage('page.md', lines.join('\n')));
const kindsIn = (...lines: string[]): string[] => stepsIn(...lines).map(({ kind }) => kind);
const isRoot = process.getuid?.() === 0;

describe('A page of the documentation', () => {
  it('is run in the order of its blocks, hidden commands included', () => {
    assert.deepEqual(
      kindsIn(
        '<!-- setup\nmkdir site\n-->',
        '<!-- test: background until 127.0.0.1:3000 -->',
        '```sh\nnode app.js\n```',
        '- ```js\n  // app.js\n  listen();\n  ```',
        '<!-- test: output -->\n\n```text\nok\n```',
        '```js\nnot.run();\n```',
      ),
      ['run', 'serve', 'file', 'output'],
    );
  });

  it('has each line of a background block started by itself, and words replaced that stand for others', () => {
    const [step] = stepsIn(
      '<!-- test: background -->\n<!-- test: where FILE=secret -->',
      '```sh\nlsnode --bind a.sock \\\n  FILE\n\n# comment\nlsnode b\n```',
    );
    assert.deepEqual(step?.kind === 'serve' && step.commands, ['lsnode --bind a.sock    secret', 'lsnode b']);
  });

  it('fails where a comment is no directive, stands before no block, or before one that it does not go with', () => {
    assert.deepEqual(kindsIn('<!-- test: backround -->', '```sh\nls\n```'), ['broken', 'run']);
    assert.deepEqual(kindsIn('<!-- test: usage -->', 'text'), ['broken']);
    assert.deepEqual(kindsIn('<!-- test: usage -->'), ['broken']);
    assert.deepEqual(kindsIn('<!-- test: background -->', '```js\n1;\n```'), ['broken']);
    assert.deepEqual(kindsIn('<!-- an ordinary comment -->'), []);
  });

  it('fails where commands stand in a block without a language', () => {
    assert.deepEqual(kindsIn('```\nnpm run fuzz\n```'), ['broken']);
    assert.deepEqual(kindsIn('```\nProcess group 4711\n```'), []);
  });

  it('says what is printed, with … for what differs', () => {
    assertPrints('pid 4711 is up \nx\ny\ndone\n', 'pid … is up\n…\ndone');
    assertPrints('done\n', '…\ndone');
    assert.throws(() => assertPrints('pid 4711 is down\n', 'pid … is up'));
    assert.throws(() => assertPrints('a.c\n', 'a?c'));
    assert.throws(() => assertPrints('one\ntwo\n', 'one'));
  });

  describe('in its session', function () {
    before(function () {
      if (!isRoot) this.skip();
    });

    it('goes on where the block before has left, and finds its files', async () => {
      const printed = await performAll(
        stepsIn(
          '```sh\nmkdir site; cd site\n```',
          '```ts\n// a/b.ts\n1;\n```',
          '```sh\npwd; cat a/b.ts\n```',
        ),
      );
      assert.equal(printed, '/tmp/page/site\n// a/b.ts\n1;\n');
    });

    it('fails with what a failing command has printed', async () => {
      await assert.rejects(
        performAll(stepsIn('```sh\necho before; ls /none | cat\necho after\n```')),
        (error: Error) => {
          assert.match(error.message, /before\n.*\/none/);
          assert.doesNotMatch(error.message, /after/);
          return true;
        },
      );
    });

    it('fails where a block ends with another status than it says, or prints something else', async () => {
      await performAll(stepsIn('<!-- test: exit 3 -->', '```sh\n(exit 3)\n```'));
      await assert.rejects(performAll(stepsIn('<!-- test: exit 3 -->', '```sh\ntrue\n```')), /exit status 0/);
      await assert.rejects(performAll(stepsIn('```console\n$ echo one\ntwo\n```')), /one/);
    });

    it('fails with what a server has printed that ended instead of listening', async () => {
      const steps = stepsIn('<!-- test: background -->', '```sh\necho no port; exit 4\n```');
      await assert.rejects(performAll(steps), /has ended[^]*no port/);
    });

    it('fails where a test or step of CI does not exist that is said to run a block', async () => {
      const steps = stepsIn(
        '<!-- test: elsewhere .ci/run npm run nothing -->',
        '```sh\nnpm run nothing\n```',
      );
      await assert.rejects(performAll(steps), /has no "npm run nothing"/);
    });
  });
});
