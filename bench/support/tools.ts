import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A native tool that runs beside the benchmark and prints lines of JSON. */
export interface RunningTool<Line> {
  readonly lines: Line[];
  /** Exit status. */
  readonly ended: Promise<number>;
  /** SIGTERM: it finishes what it has begun. Resolves to its exit status. */
  stop(): Promise<number>;
  /** Ends its standard input. */
  release(): Promise<number>;
}

/** @param onLine called for each line, with those before in `lines` */
export function startTool<Line>(
  file: string,
  parameters: readonly (string | number)[],
  onLine: (line: Line) => void = () => undefined,
): RunningTool<Line> {
  const child = spawn(file, parameters.map(String), { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines: Line[] = [];
  process.on('exit', () => child.kill('SIGKILL'));
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = JSON.parse(text) as Line;
    lines.push(line);
    onLine(line);
  });
  const ended = new Promise<number>((resolve) => child.on('close', (status) => resolve(status ?? 1)));
  return {
    lines,
    ended,
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
    release: () => {
      child.stdin.end();
      return ended;
    },
  };
}

/** A line of `new-connections`. */
export interface NewConnection {
  /** CLOCK_MONOTONIC in milliseconds, when connect() was called. */
  readonly at: number;
  readonly pid: number;
  /** Microseconds from there to the PID notice. */
  readonly notice: number;
  /** Microseconds from there to the end of the answer. */
  readonly answer: number;
  readonly deliveries: number;
  /** The last line with `--keep`: all connections are open. */
  readonly open?: boolean;
}

/** A line of `server-load`. */
export type LoadEvent = FailedRequest | LoadProgress | LoadSummary;

export interface FailedRequest {
  readonly event: 'failed';
  /** CLOCK_MONOTONIC in milliseconds. */
  readonly at: number;
  readonly pid: number;
  readonly number: number;
  readonly why: string;
  readonly acknowledged: boolean;
  readonly status: number;
  readonly deliveries: number;
  readonly served: number;
  readonly milliseconds: number;
}

export interface LoadProgress {
  readonly event: 'progress';
  readonly at: number;
  readonly done: number;
  readonly failed: number;
}

export interface LoadSummary {
  readonly event: 'end';
  readonly answered: number;
  readonly failed: number;
  readonly sentAgain: number;
  readonly connections: number;
  readonly closedPolitely: number;
  readonly closedSilently: number;
  readonly seconds: number;
  /** Milliseconds from a request's first delivery to its answer. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** CLOCK_MONOTONIC in milliseconds: the clock of the native tools. */
export function monotonicMilliseconds(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
