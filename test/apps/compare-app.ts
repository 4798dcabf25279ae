// Runs an app with plain Node, as a worker and as a process group, and compares what it answers.
import { isDeepStrictEqual } from 'node:util';
import { request } from 'node:http';
import { send, type Call } from '../examples/client.js';
import { normalise, type Answer } from '../examples/compare.js';
import { findFreePort, startApp, type Example, type How } from '../examples/start-example.js';
import { CALLS, type App } from './apps.js';

/** A way to run an app. `group`: with LSAPI_CHILDREN=3. */
export type Way = 'node' | 'worker' | 'group';

export interface Difference {
  readonly call: Call;
  readonly expected: Answer | undefined;
  readonly found: Answer | undefined;
}

export interface WayResult {
  readonly way: Exclude<Way, 'node'>;
  readonly differences: readonly Difference[];
  /** Whether children were forked from a parent that had loaded the app; `undefined` for a worker. */
  readonly forked: boolean | undefined;
  readonly output: string;
}

export interface AppResult {
  readonly compared: number;
  readonly ways: readonly WayResult[];
}

/** Runs an app that is installed and built in `directory`. */
export async function compareApp(app: App, directory: string): Promise<AppResult> {
  const calls = [...CALLS, ...(app.calls ?? [])];
  const expected = await answersOf(app, directory, 'node', calls);
  for (const path of app.served) {
    const served = expected.answers[calls.findIndex((call) => call.path === path)];
    if (served?.status !== 200)
      throw new Error(`${app.name}: plain Node answers ${path} with ${served?.status}`);
  }
  const ways: WayResult[] = [];
  for (const way of ['worker', 'group'] as const) {
    const { answers, output } = await answersOf(app, directory, way, calls);
    const differences = calls.flatMap((call, index): Difference[] =>
      isDeepStrictEqual(answers[index], expected.answers[index])
        ? []
        : [{ call, expected: expected.answers[index], found: answers[index] }],
    );
    const forked = way === 'group' ? !output.includes('each child loads the app by itself') : undefined;
    ways.push({ way, differences, forked, output });
  }
  return { compared: calls.length, ways };
}

async function answersOf(
  app: App,
  directory: string,
  way: Way,
  calls: readonly Call[],
): Promise<{ answers: Answer[]; output: string }> {
  const how: How = way === 'node' ? 'node' : 'lsnode';
  const second = app.secondPort === undefined ? undefined : await findFreePort();
  const env = {
    NODE_ENV: 'production',
    ...(way === 'group' && { LSAPI_CHILDREN: '3' }),
    ...(app.secondPort !== undefined && { [app.secondPort]: String(second) }),
  };
  const entry = how === 'lsnode' ? (app.lsnodeEntry ?? app.entry) : app.entry;
  const running = await startApp({ name: `${app.name} (${way})`, app: entry, cwd: directory, how, env });
  try {
    const answers: Answer[] = [];
    for (const call of calls) {
      const reply = await send(running, call);
      const scrub = call.path.startsWith('/request') ? withoutMapping : undefined;
      answers.push(collapse(normalise(reply, scrub)));
    }
    if (second !== undefined) await checkSecondServer(second, calls.length, running, way);
    return { answers, output: running.output() };
  } finally {
    await running.stop();
  }
}

/**
 * Node says ::ffff:127.0.0.1 for an IPv4 client of a socket for both families, REMOTE_ADDR has the address as such. What
 * follows from the length of the text is left out for both.
 */
function withoutMapping(body: string): string {
  return `${body.replaceAll('::ffff:127.0.0.1', '127.0.0.1')}\n`;
}

/** The server leaves out values of a header that are there already (protocol §2.10). */
function collapse(answer: Answer): Answer {
  const headers = Object.entries(answer.headers).map(([name, value]): [string, string | string[]] => [
    name,
    typeof value === 'string' ? [...new Set(value.split(', '))].join(', ') : value,
  ]);
  return { ...answer, headers: Object.fromEntries(headers) };
}

/** The second server answers on a port of its own. In a group it is that of one child, with that child's figures. */
async function checkSecondServer(port: number, requests: number, running: Example, way: Way): Promise<void> {
  const text = await new Promise<string>((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path: '/' }, (response) => {
      response.setEncoding('utf8').once('data', resolve);
    });
    outgoing.on('error', reject).end();
  });
  const count = Number(/^requests (\d+)\n$/.exec(text)?.[1]);
  const isRight = way === 'group' ? count > 0 && count <= requests : count === requests;
  if (!isRight)
    throw new Error(`the second server says "${text}" after ${requests} requests:\n${running.output()}`);
}
