// The ways in which a process of `lsnode` comes to serve an app, for what has to hold in all of them.
import { Lsnode, type LsnodeOptions } from '../../cli/support/lsnode.js';
import { serving } from '../../process-group/support/group.js';

export interface Mode {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  readonly isGroup: boolean;
  readonly reloads?: boolean;
}

const GROUP = { LSAPI_CHILDREN: '4' };
const SPAWNED = { ...GROUP, LSNODE_FORK: 'off' };

export const MODES: readonly Mode[] = [
  { name: 'Worker mode', env: { LSAPI_CHILDREN: '0' }, isGroup: false },
  { name: 'a forked child', env: GROUP, isGroup: true },
  {
    name: 'a forked child that loads the app itself',
    env: { ...GROUP, LSNODE_PRELOAD: 'off' },
    isGroup: true,
  },
  { name: 'a spawned child', env: SPAWNED, isGroup: true },
  { name: 'a forked child after a reload', env: GROUP, isGroup: true, reloads: true },
  { name: 'a spawned child after a reload', env: SPAWNED, isGroup: true, reloads: true },
];

/**
 * One lsnode for the tests of the enclosing suite, in that mode.
 *
 * @returns what gives it to a test
 */
export function lsnodeIn({ env, isGroup, reloads = false }: Mode, options: LsnodeOptions): () => Lsnode {
  let lsnode: Lsnode;
  before(async () => {
    lsnode = new Lsnode({ ...options, env: { ...options.env, ...env } });
    if (isGroup) await serving(lsnode);
    if (!reloads) return;
    lsnode.child.kill('SIGHUP');
    await serving(lsnode, 2);
  });
  after(async () => {
    lsnode.child.kill('SIGTERM');
    await lsnode.exited;
    await lsnode.end();
  });
  return () => lsnode;
}
