import assert from 'node:assert/strict';
import { inlineCommandsOf, problemOfCommand } from './support/inline-commands.js';
import { allPages } from './support/markdown.js';

describe('Commands in the text of the documentation', () => {
  it('are scripts that exist, and options that lsnode has', () => {
    const problems = allPages()
      .flatMap(inlineCommandsOf)
      .flatMap(({ text, place }) => {
        const problem = problemOfCommand(text);
        return problem === undefined ? [] : [`${place}: ${text}: ${problem}`];
      });
    assert.deepEqual(problems, []);
  });

  it('have the options of the subcommand that they name', () => {
    const subcommands = ['doctor', 'install', 'metrics', 'status', 'top', 'tune'];
    for (const subcommand of subcommands) {
      assert.equal(problemOfCommand(`lsnode ${subcommand} --help`), undefined);
      assert.match(
        problemOfCommand(`lsnode ${subcommand} --document-root`) ?? '',
        /has no option --document-root/,
      );
    }
  });
});
