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
});
