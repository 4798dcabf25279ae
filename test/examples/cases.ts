// Runs a list of calls first against plain Node, then against lsnode, where each answer must also be the same.
import assert from 'node:assert/strict';
import { send, type Call, type Reply } from './client.js';
import { normalise, type Answer } from './compare.js';
import { startExample, type Example, type How } from './start-example.js';

export interface Case {
  readonly title: string;
  readonly call: Call | (() => Call);
  readonly status: number;
  /** What the answer must contain besides. */
  readonly check?: (reply: Reply, how: How) => void;
  /** Takes out of a body what no two runs have in common. The body comes as Latin-1. */
  readonly scrub?: (body: string) => string;
}

export const HOWS: readonly How[] = ['node', 'lsnode'];

/**
 * Starts an example before the tests of the surrounding `describe`, and ends it after them.
 *
 * @param options - of `lsnode`
 */
export function useExample(
  name: string,
  how: How,
  env?: Readonly<Record<string, string>>,
  options?: readonly string[],
): () => Example {
  let example: Example | undefined;
  before(async () => {
    example = await startExample(name, how, env, options);
  });
  after(async () => {
    await example?.stop();
  });
  return () => {
    if (!example) throw new Error('The example is not running.');
    return example;
  };
}

export function describeCases(
  title: string,
  name: string,
  cases: readonly Case[],
  env?: Readonly<Record<string, string>>,
): void {
  describe(title, () => {
    const expected = new Map<string, Answer>();
    for (const how of HOWS) {
      describe(how, () => {
        const example = useExample(name, how, env);
        for (const { title, call, status, check, scrub } of cases) {
          it(title, async () => {
            const reply = await send(example(), typeof call === 'function' ? call() : call);
            const answer = normalise(reply, scrub);
            assert.equal(reply.status, status, reply.body.toString('utf8', 0, 2000));
            check?.(reply, how);
            if (how === 'node') expected.set(title, answer);
            else assert.deepEqual(answer, expected.get(title));
          });
        }
      });
    }
  });
}
