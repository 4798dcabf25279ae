import type { AvoidFork } from './avoid-fork.js';
import type { SettingName, Settings, SocketKind } from './setting-types.js';
import type { ValueKind } from './value-kinds.js';

/** The settings and circumstances that defaults of other settings are made from. */
export interface Basis {
  readonly children: number;
  readonly avoidFork: AvoidFork;
  readonly maxBusyWorker: number;
  readonly socket: SocketKind;
}

/** A default: a constant, or a formula whose `text` tells people what it is. */
export interface Default<T> {
  readonly text: string;
  of(basis: Basis): T;
}

/**
 * Where a variable applies. `any`: always; `listening`: only where the process accepts connections, so not
 * for a worker that the server connected (§5.2); `group`: likewise, and of use only with children.
 */
export type Mode = 'any' | 'listening' | 'group';

/** One environment variable, as the program reads it and as the documentation tells it. */
export interface Variable<T> {
  readonly name: string;
  /** Other names, which take precedence over `name` as they do in the library. */
  readonly aliases?: readonly string[];
  /** Names that servers use for the same in other products; read where none of ours is set. */
  readonly fallbacks?: readonly string[];
  readonly kind: ValueKind<T>;
  readonly default: Default<T>;
  readonly mode: Mode;
  /** For one line of help. */
  readonly brief: string;
  /** For the documentation: whole sentences. */
  readonly meaning: string;
  /** Where the rule is written: a section of the protocol description, or `lsnode` for our own. */
  readonly source: string;
  /** Not read when the process runs as root. */
  readonly notAsRoot?: true;
  /** Another variable may decide instead of this one; `undefined`: it does not. */
  overruled?(basis: Basis): { value: T; by: string } | undefined;
}

/** Every setting has exactly one variable, of the type that the setting has. */
export type VariableTable = { readonly [K in SettingName]: Variable<Settings[K]> };

/** The most children, and connections of one child, that a setting may ask for. */
export const MOST_CHILDREN = 10_000;

/** What a variable has whose default is always the same. */
export function constant<T>(kind: ValueKind<T>, value: T): { kind: ValueKind<T>; default: Default<T> } {
  return { kind, default: { text: kind.format(value), of: () => value } };
}

/** What a variable has whose default follows from other settings. */
export function formula<T>(kind: ValueKind<T>, formulaText: string, of: (basis: Basis) => T) {
  return { kind, default: { text: formulaText, of } };
}
