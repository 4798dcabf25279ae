// A mocha reporter of any mocha version: one line of JSON a test, in the file that LSAPI_COMPAT_RESULTS names.
const { appendFileSync } = require('node:fs');

module.exports = function (runner) {
  const note = (outcome) => (test, error) => {
    const line = { title: test.fullTitle(), outcome, message: error && String(error.message) };
    appendFileSync(process.env.LSAPI_COMPAT_RESULTS, `${JSON.stringify(line)}\n`);
  };
  runner.on('pass', note('passed'));
  runner.on('fail', note('failed'));
  runner.on('pending', note('skipped'));
  // A test that failed may have left a server open.
  runner.on('end', () => runner.failures > 0 && setTimeout(() => process.exit(1), 500));
};
