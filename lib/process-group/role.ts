/** The variable in which `lsnode` tells itself what it is to be: `kRoleVariable` of native/process/program.h. */
export const ROLE_VARIABLE = 'LSAPI_GROUP_ROLE';

/**
 * What a process of `lsnode` was started as. `first`: by a server or a person. `image`: the same, after it has replaced
 * its image to get V8's flags. `reload`: the parent of a group, after it has replaced its image to load new code;
 * `lazy`: likewise, to leave the loading to its children. `trial`: tries whether new code loads. `child`: a child that
 * is no fork of its parent.
 */
export type Role =
  | { readonly kind: 'first' | 'image' | 'trial' }
  | { readonly kind: 'reload' | 'lazy'; readonly state: string }
  | {
      readonly kind: 'child';
      readonly slot: number;
      readonly channel: number;
      readonly scoreboard: number;
      readonly parent: number;
    };

/** Reads this process's role, and removes it from the environment: programs that the app starts have none. */
export function takeRole(environ: NodeJS.ProcessEnv): Role {
  const text = environ[ROLE_VARIABLE] ?? '';
  delete environ[ROLE_VARIABLE];
  const colon = text.indexOf(':');
  const kind = colon < 0 ? text : text.slice(0, colon);
  const rest = colon < 0 ? '' : text.slice(colon + 1);
  switch (kind) {
    case 'image':
    case 'trial':
      return { kind };
    case 'reload':
    case 'lazy':
      return { kind, state: rest };
    case 'child': {
      const [slot = -1, channel = -1, scoreboard = -1, parent = -1] = rest.split(':').map(Number);
      return { kind, slot, channel, scoreboard, parent };
    }
    default:
      return { kind: 'first' };
  }
}

/**
 * Takes the addon out of LD_PRELOAD, where the parent of a group puts it while it replaces its image (see
 * native/process/hold_signals.cc): programs that the app starts have no use for it.
 */
export function restorePreload(environ: NodeJS.ProcessEnv, addonPath: string): void {
  const { LD_PRELOAD: preloaded } = environ;
  if (preloaded === undefined) return;
  const others = preloaded.split(':').filter((path) => path !== addonPath);
  if (others.length === 0) delete environ.LD_PRELOAD;
  else environ.LD_PRELOAD = others.join(':');
}
