import { isPreloaded } from './script-alias.js';
import type { DirectiveConfiguration } from './settings.js';

/** A script that is loaded when a process starts, before any request. */
export interface PreloadedScript {
  /** One character a byte. */
  readonly script: string;
  readonly applicationGroup: string;
}

/** The scripts of all aliases that name both groups, the same for every request; each once per group. */
export function scriptsToPreload({ server, virtualHosts }: DirectiveConfiguration): PreloadedScript[] {
  const found = new Map<string, PreloadedScript>();
  for (const host of [server, ...virtualHosts]) {
    for (const alias of host.scriptAliases) {
      if (!isPreloaded(alias)) continue;
      const applicationGroup = alias.options.applicationGroup ?? '';
      found.set(`${applicationGroup}\n${alias.target}`, { script: alias.target, applicationGroup });
    }
  }
  return [...found.values()];
}
