import type { Settings } from '../settings.js';
import type { RequestEnvironment } from './environment.js';
import { canonicalPort, withPort, type Addressee } from './host.js';

/** What names of groups and callables are expanded with. */
export interface Expansion {
  readonly to: Addressee;
  readonly settings: Settings;
  readonly environment: RequestEnvironment;
  /** SCRIPT_NAME. */
  readonly scriptName: string;
}

/** Name of the callable if nobody says otherwise. */
export const DEFAULT_CALLABLE = 'application';

/**
 * The name of a group, `written` as in the configuration (`undefined`: `%{RESOURCE}`). Only a name that is nothing but
 * one macro is expanded; what cannot be expanded is a name as it stands.
 */
export function expandGroup(written: string | undefined, context: Expansion): string {
  const { to, settings, environment, scriptName } = context;
  const text = written ?? '%{RESOURCE}';
  switch (text) {
    case '%{GLOBAL}':
      return '';
    case '%{SERVER}':
      return withPort(to.host.name ?? '', canonicalPort(to, settings));
    case '%{HOST}':
      return withPort(to.hostname ?? to.host.name ?? '', canonicalPort(to, settings));
    case '%{RESOURCE}': {
      const mount = scriptName.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
      return `${withPort(to.host.name ?? '', canonicalPort(to, settings))}|${mount}`;
    }
  }
  const variable = /^%\{ENV:([^]*)\}$/.exec(text)?.[1];
  const value = variable === undefined ? undefined : environment.lookUp(variable);
  if (value === undefined) return text;
  // Expanded once more, but not for another variable.
  return value.startsWith('%') && !value.startsWith('%{ENV:') ? expandGroup(value, context) : value;
}

/** The name of the callable: `%{ENV:x}` is expanded, every other text that begins with `%` means the default. */
export function expandCallable(written: string | undefined, environment: RequestEnvironment): string {
  if (written === undefined) return DEFAULT_CALLABLE;
  if (!written.startsWith('%')) return written;
  const variable = /^%\{ENV:([^]*)\}$/.exec(written)?.[1];
  return (variable === undefined ? undefined : environment.lookUp(variable)) ?? DEFAULT_CALLABLE;
}
