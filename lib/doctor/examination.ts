import type { ServerTree } from '../install/server-tree.js';
import type { Deployment } from './deployment.js';
import type { ExternalApp } from './external-apps.js';
import type { Finding } from './finding.js';

/** What is examined: everything that checks look at. */
export interface Examination {
  /** The server's configuration; `undefined`: there is no server here. */
  readonly tree: ServerTree | undefined;
  /** All external apps of the server, those of others too. */
  readonly externals: readonly ExternalApp[];
  /** How `lsnode` is started: at least one. */
  readonly deployments: readonly Deployment[];
  /** `lsnode`'s own file, to start it with. */
  readonly main: string;
  /** Where proc(5) is. */
  readonly proc: string;
}

/** Looks at one concept. */
export type Check = (examination: Examination) => readonly Finding[] | Promise<readonly Finding[]>;
