// `npm run docs:check`: links, anchors, spelling and code blocks of the documentation, without running its pages. What is
// checked is in test/docs, and part of `npm test`, too.
import { ensureBuilt, runBin } from './setup.mjs';

const TESTS = ['links', 'spelling', 'code-blocks', 'inline-commands'];

ensureBuilt();
runBin('mocha/bin/mocha.js', [
  '--no-config',
  '--reporter=./test/support/reporter.mjs',
  ...TESTS.map((name) => `dist-dev/test/docs/${name}.test.js`),
  ...process.argv.slice(2),
]);
