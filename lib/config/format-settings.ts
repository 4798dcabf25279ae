import { printable } from './printable.js';
import type { SettingName, SettingSource, SettingsReading } from './setting-types.js';
import { SETTING_NAMES, VARIABLES } from './variable-table.js';

/** What is in force and from where, one setting a line, then the warnings: the text of `--print-config`. */
export function formatSettings({ settings, sources, warnings }: SettingsReading): string {
  const rows = SETTING_NAMES.map((name) => [
    VARIABLES[name].name,
    formatValue(name, settings[name]),
    formatSource(sources[name]),
  ]);
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
  return [...lines, ...warnings.map((warning) => `warning: ${warning}`)].map((line) => `${line}\n`).join('');
}

function formatValue<K extends SettingName>(name: K, value: SettingsReading['settings'][K]): string {
  return printable(VARIABLES[name].kind.format(value));
}

function formatSource(source: SettingSource): string {
  switch (source.kind) {
    case 'default':
      return 'default';
    case 'environment':
      return `environment: ${source.variable}=${quote(source.text)}`;
    case 'invalid':
      return `default, because ${source.variable}=${quote(source.text)} makes no sense`;
    case 'ignored':
      return `default, because ${source.variable} does not apply here`;
    case 'overruled':
      return `set by ${source.by}`;
  }
}

function quote(text: string): string {
  return printable(JSON.stringify(text));
}
