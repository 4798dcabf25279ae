// Starts an app three times – with plain Node, under lsnode in Worker mode, as a process group – and compares answers.
import { isDeepStrictEqual } from 'node:util';
import { listGroups, type GroupStatus } from '#lib/status/index.js';
import { send } from '../examples/client.js';
import { normalise, type Answer } from '../examples/compare.js';
import { findFreePort, lsnodeHttp, startProgram, type Example } from '../examples/start-example.js';
import type { ExampleApp } from './catalogue.js';
import { root } from './prepare.js';
import type { AppRequest } from './requests.js';

export type Mode = 'worker' | 'group';

export interface Difference {
  readonly title: string;
  readonly plain: Answer;
  readonly lsapi: Answer;
  /** Why both are right; undefined: it is a defect. */
  readonly reason: string | undefined;
}

export interface Examination {
  readonly differences: readonly Difference[];
  /** As a process group: how its children come to be, and how many there were. */
  readonly group?: { readonly mode: GroupStatus['mode']; readonly children: number };
  /** Why children load it by themselves. */
  readonly hazards: readonly string[];
}

const CHILDREN = 3;
const ANSWER_MS = 60_000;

interface Running {
  readonly example: Example;
  readonly metrics: Example;
}

/** The answers of plain Node, in the order of the app's requests. */
export async function askPlainNode(app: ExampleApp, directory: string): Promise<Answer[]> {
  const host = `${root}dist-dev/test/apps/plain-host.js`;
  const command = app.exportsHandler === true ? [host, app.file] : [app.file];
  return serving(app, { name: app.name, how: 'node', command, cwd: directory }, {}, async (running) => {
    const answers: Answer[] = [];
    for (const request of app.requests) answers.push(await ask(running, request));
    return answers;
  });
}

/** Compares an app under lsnode with what plain Node answered. */
export async function examine(
  app: ExampleApp,
  directory: string,
  mode: Mode,
  expected: readonly Answer[],
): Promise<Examination> {
  const given = app.given === null ? [] : [app.given ?? app.file];
  const program = {
    name: app.name,
    how: 'lsnode',
    command: [...lsnodeHttp, ...given],
    cwd: directory,
  } as const;
  const env: Record<string, string> = mode === 'group' ? { LSAPI_CHILDREN: String(CHILDREN) } : {};
  return serving(app, program, env, async (running) => {
    const differences: Difference[] = [];
    const compare = (request: AppRequest, lsapi: Answer, plain: Answer): void => {
      if (isDeepStrictEqual(lsapi, plain)) return;
      const { title } = request;
      if (differences.some((difference) => difference.title === title)) return;
      differences.push({ title, plain, lsapi, reason: reasonFor(app, plain, lsapi) });
    };
    for (const [index, request] of app.requests.entries()) {
      compare(request, await ask(running, request), expected[index]!);
    }
    // All at once: a group answers with several children.
    await Promise.all(
      app.requests.map(async (request, index) =>
        compare(request, await ask(running, request), expected[index]!),
      ),
    );
    const group = mode === 'group' ? groupIn(directory) : undefined;
    const output = running.example.output();
    const hazards = [...output.matchAll(/because it has (.*?)\. /g)].map((match) => match[1] ?? '');
    return { differences, hazards, ...(group !== undefined && { group }) };
  });
}

/** Why two answers may differ: all that does is headers that are permitted to. */
function reasonFor({ permitted = {} }: ExampleApp, plain: Answer, lsapi: Answer): string | undefined {
  const names = Object.keys(permitted).filter((name) => plain.headers[name] !== lsapi.headers[name]);
  const without = ({ headers, ...rest }: Answer): object => ({
    ...rest,
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name))),
  });
  if (!isDeepStrictEqual(without(plain), without(lsapi))) return undefined;
  return names.map((name) => `${name}: ${permitted[name]}`).join('; ');
}

async function serving<Result>(
  app: ExampleApp,
  program: Omit<Parameters<typeof startProgram>[0], 'env'>,
  env: Readonly<Record<string, string>>,
  use: (running: Running) => Promise<Result>,
): Promise<Result> {
  const port = app.requests.some(({ server }) => server === 'metrics') ? await findFreePort() : 0;
  const example = await startProgram({
    ...program,
    env: { ...app.env, ...env, ...(port !== 0 && { METRICS_PORT: String(port) }) },
  });
  try {
    return await use({ example, metrics: { ...example, port } });
  } catch (error) {
    throw new Error(`${app.name}: ${(error as Error).message}\n${example.output()}`, { cause: error });
  } finally {
    await example.stop();
  }
}

async function ask({ example, metrics }: Running, request: AppRequest): Promise<Answer> {
  const { title, call, status, scrub, server } = request;
  const late = new AbortController();
  const reply = await Promise.race([
    send(server === 'metrics' ? metrics : example, call),
    new Promise<never>((_, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer to ${title}`)), ANSWER_MS);
      late.signal.addEventListener('abort', () => clearTimeout(timer));
    }),
  ]).finally(() => late.abort());
  if (reply.status !== status) {
    const text = reply.body.toString('utf8', 0, 1000);
    throw new Error(
      `"${title}" was answered with ${reply.status}, not ${status}, by ${example.how}: ${text}`,
    );
  }
  return normalise(reply, scrub);
}

function groupIn(directory: string): { mode: GroupStatus['mode']; children: number } {
  const group = listGroups().find(({ root }) => root === directory.replace(/\/$/, ''));
  if (group === undefined) throw new Error(`There is no process group in ${directory}.`);
  const { mode, startedChildren, crashedChildren } = group;
  if (crashedChildren > 0) throw new Error(`${crashedChildren} of ${startedChildren} children crashed.`);
  return { mode, children: startedChildren };
}
