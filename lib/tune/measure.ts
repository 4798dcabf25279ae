import { isAbsolute, resolve } from 'node:path';
import { lastMessage, request, withTrial } from '../doctor/trial.js';
import { LsapiError } from '../errors.js';
import { groupStatus } from '../status/index.js';

/** Memory of an app that was started for a moment, in bytes. */
export interface Measurement {
  /** The parent's part of all pages, and what its child shares with it. */
  readonly parentMemory: number;
  /** What a child has for itself. */
  readonly childMemory: number;
  /** Requests that it has answered by then. */
  readonly requests: number;
}

/** What {@link measureApp} needs. */
export interface MeasureOptions {
  readonly app: string;
  /** `lsnode`'s own file. */
  readonly main: string;
  readonly environ: NodeJS.ProcessEnv;
  readonly cwd: string;
}

/** The first ones have much compiled that stays: what a child needs is seen behind them. */
const REQUESTS = 20;

/**
 * Starts the app as a group of one child, sends that requests for `/`, and looks at the memory of both.
 *
 * @throws LsapiError `LSAPI_ERR_TUNE` where it cannot be started, does not answer or cannot be looked at
 */
export async function measureApp({ app, main, environ, cwd }: MeasureOptions): Promise<Measurement> {
  const result = await withTrial(
    {
      main,
      arguments: ['--module', isAbsolute(app) ? app : resolve(cwd, app)],
      // Two connections make it a group; as they follow each other, one child serves both.
      environment: { ...ownVariablesOf(environ), LSAPI_CHILDREN: '2' },
      directory: cwd,
    },
    async (socket) => {
      for (let count = 0; count < REQUESTS; ++count) await request(socket);
      const { memory, children } = groupStatus(socket);
      const [child] = children;
      return { parent: memory.rss, child: child?.memory.private ?? null };
    },
  );
  if (result.kind !== 'served') {
    throw cannot(
      result.kind === 'late'
        ? `${app} does not serve within a minute.`
        : `${app}: ${lastMessage(result.output)}`,
    );
  }
  const { parent, child } = result.value;
  if (parent === null || child === null) {
    throw cannot('the memory of its processes cannot be read (smaps_rollup in /proc).');
  }
  return { parentMemory: parent, childMemory: child, requests: REQUESTS };
}

/** The settings that are to be found are not to have a say. */
function ownVariablesOf(environ: NodeJS.ProcessEnv): Record<string, string> {
  const kept = Object.entries(environ).filter(([name]) => !/^(?:PHP_LSAPI|LSAPI)_/.test(name));
  return Object.fromEntries(kept.map(([name, value]) => [name, value ?? '']));
}

function cannot(why: string): LsapiError {
  return new LsapiError(
    'LSAPI_ERR_TUNE',
    `The app cannot be measured: ${why} Make it run with lsnode --http 8080, or leave it out and give --parent and --child.`,
  );
}
