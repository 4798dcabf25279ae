import type { NativeConnectionSet, NativeConnectionSetOptions } from '../native/binding.js';
import type { RequestLog } from './request-log.js';

/** The LSAPI connections of a process, whatever the style of the handler behind them. */
export interface Connections {
  readonly set: NativeConnectionSet;
  /** Answers all requests in progress with an error, at once: the process is about to end. */
  failRequests(error: unknown): void;
}

export interface ConnectionOptions {
  readonly limits: NativeConnectionSetOptions;
  /** Whose requests are passed on by who made it, header and environment texts included; default: a set of its own. */
  readonly set?: NativeConnectionSet;
  /** Takes one line without a newline. */
  readonly log: (line: string) => void;
  /** Takes what is printed while a request is served; without it that goes to the process's log. */
  readonly requestLog?: RequestLog;
  /** Whether error answers tell the stack. */
  readonly development: boolean;
  /** Whether the process is the app's: what its 'request' listeners throw is told to those of uncaught exceptions, too. */
  readonly surfacesErrors?: boolean;
  /** Milliseconds that work which outlives its response may take once draining has finished. */
  readonly grace?: number;
  /** Whether other processes serve the same app. */
  readonly multiprocess?: boolean;
  /** Called when draining has finished. */
  readonly onDrained?: () => void;
  /** In a child of a process group: it has been idle for a while, and may give memory back. */
  readonly onRelax?: () => void;
  /** In a child of a process group: it drains because its parent wants that, or is gone. */
  readonly onRetire?: (orphaned: boolean) => void;
}
