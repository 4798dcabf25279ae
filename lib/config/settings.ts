import { closestMatch } from './closest-match.js';
import { printable } from './printable.js';
import type {
  SettingName,
  Settings,
  SettingsContext,
  SettingSource,
  SettingsReading,
  SocketKind,
} from './setting-types.js';
import { FOREIGN_VARIABLES, SETTING_NAMES, VARIABLES } from './variable-table.js';
import type { Basis, Variable } from './variable.js';

export type { AvoidFork } from './avoid-fork.js';
export type * from './setting-types.js';
export { cleanEnvironment } from './clean-environment.js';
export { formatSettings } from './format-settings.js';

/**
 * Reads the settings that `environ` makes, without changing it and without ever failing: a value that makes
 * no sense gives a warning and the default. Numbers of LSAPI_* variables are read as the library reads them
 * (`atoi`, protocol §5.2: blanks before, anything after the number), those of LSNODE_* exactly.
 *
 * @param environ the environment as the process got it, before {@link cleanEnvironment}
 * @param context what the process serves and whether it is root
 */
export function readSettings(environ: NodeJS.ProcessEnv, context: SettingsContext = {}): SettingsReading {
  const reader = new SettingsReader(environ, context);
  for (const name of SETTING_NAMES) reader.value(name);
  return reader.result(misspeltVariables(environ));
}

/** Reads each setting once, those that others build on first, in whatever order they are asked for. */
class SettingsReader implements Basis {
  readonly socket: SocketKind;
  readonly #environ: NodeJS.ProcessEnv;
  readonly #root: boolean;
  readonly #settings: { -readonly [K in SettingName]?: Settings[K] } = {};
  readonly #sources: Partial<Record<SettingName, SettingSource>> = {};
  readonly #warnings: string[] = [];

  constructor(environ: NodeJS.ProcessEnv, { socket = 'listening', root = false }: SettingsContext) {
    this.#environ = environ;
    this.#root = root;
    this.socket = socket;
  }

  get children() {
    return this.value('children');
  }

  get avoidFork() {
    return this.value('avoidFork');
  }

  get maxBusyWorker() {
    return this.value('maxBusyWorker');
  }

  value<K extends SettingName>(name: K): Settings[K] {
    if (!(name in this.#settings)) this.#settings[name] = this.#read(name, VARIABLES[name]);
    return this.#settings[name] as Settings[K];
  }

  result(furtherWarnings: readonly string[]): SettingsReading {
    return {
      settings: this.#settings as Settings,
      sources: this.#sources as Record<SettingName, SettingSource>,
      warnings: [...this.#warnings, ...furtherWarnings],
    };
  }

  #read<T>(setting: SettingName, variable: Variable<T>): T {
    const overruled = variable.overruled?.(this);
    if (overruled !== undefined) {
      this.#sources[setting] = { kind: 'overruled', by: overruled.by };
      return overruled.value;
    }

    const found = this.#lookUp(variable);
    if (found === undefined) {
      this.#sources[setting] = { kind: 'default' };
      return variable.default.of(this);
    }
    if (variable.mode !== 'any' && this.socket === 'connected') {
      // No warning: the server sets some of these for connected workers too (protocol §4.4).
      this.#sources[setting] = { kind: 'ignored', ...found };
      return variable.default.of(this);
    }
    if (variable.notAsRoot && this.#root) {
      this.#warn(found, 'is not read as root');
      this.#sources[setting] = { kind: 'ignored', ...found };
      return variable.default.of(this);
    }

    const parsed = variable.kind.parse(found.text);
    if (!parsed.ok) {
      const fallback = variable.default.of(this);
      this.#warn(found, `${parsed.reason}; the default is used: ${variable.kind.format(fallback)}`);
      this.#sources[setting] = { kind: 'invalid', ...found };
      return fallback;
    }
    if (parsed.warning !== undefined) this.#warn(found, parsed.warning);
    this.#sources[setting] = { kind: 'environment', ...found };
    return parsed.value;
  }

  #lookUp<T>(variable: Variable<T>): { variable: string; text: string } | undefined {
    for (const name of [...(variable.aliases ?? []), variable.name, ...(variable.fallbacks ?? [])]) {
      const text = this.#environ[name];
      if (text !== undefined) return { variable: name, text };
    }
    return undefined;
  }

  #warn({ variable, text }: { variable: string; text: string }, what: string): void {
    this.#warnings.push(`${variable}=${quote(text)} ${printable(what)}`);
  }
}

/** Variables of our families that nobody reads, but whose names look like a slip of one that is read. */
function misspeltVariables(environ: NodeJS.ProcessEnv): string[] {
  const read = SETTING_NAMES.flatMap((name) => [VARIABLES[name].name, ...(VARIABLES[name].aliases ?? [])]);
  const known = new Set([...read, ...FOREIGN_VARIABLES]);
  return Object.keys(environ)
    .filter((name) => /^(?:PHP_LSAPI|LSAPI|LSNODE)_/.test(name) && name.length < 64 && !known.has(name))
    .flatMap((name) => {
      const meant = closestMatch(name, read, Math.floor(name.length / 4));
      if (meant === undefined) return [];
      return [`${printable(name)} is no variable that lsnode knows; did you mean ${meant}?`];
    });
}

/** A value for a log line: control characters escaped, long ones cut. */
function quote(text: string): string {
  return printable(JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text));
}
