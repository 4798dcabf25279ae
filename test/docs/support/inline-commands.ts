// Commands in the text of pages, in backticks: too many to run, but what they are made of can be looked up.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { visit } from 'unist-util-visit';
import { doctorHelpText } from '#lib/cli/doctor-command.js';
import { installHelpText } from '#lib/cli/install-options.js';
import { metricsHelpText } from '#lib/cli/metrics-command.js';
import { helpText } from '#lib/cli/options.js';
import { statusHelpText } from '#lib/cli/status-command.js';
import { tuneHelpText } from '#lib/cli/tune-command.js';
import { topHelpText } from '#lib/cli/top-command.js';
import { root } from '../../cli/support/lsnode.js';
import { lineOf, type Page } from './markdown.js';

export interface InlineCommand {
  readonly text: string;
  /** `PAGE:LINE`. */
  readonly place: string;
}

const HELP: Readonly<Record<string, () => string>> = {
  doctor: doctorHelpText,
  install: installHelpText,
  metrics: metricsHelpText,
  status: statusHelpText,
  top: topHelpText,
  tune: tuneHelpText,
};

export function inlineCommandsOf({ name, tree }: Page): InlineCommand[] {
  const commands: InlineCommand[] = [];
  visit(tree, 'inlineCode', (node) => {
    if (/^(?:npm run|node scripts\/|npx lsnode|lsnode) ?\S/.test(node.value))
      commands.push({ text: node.value, place: `${name}:${lineOf(node)}` });
  });
  return commands;
}

/** What there is not: a script of package.json or a file, an option of `lsnode`. `undefined`: it is all there. */
export function problemOfCommand(text: string): string | undefined {
  const [, script] = /^npm run ([\w:-]+)/.exec(text) ?? [];
  if (script !== undefined) {
    const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
    return script in manifest.scripts ? undefined : `package.json has no script ${script}`;
  }
  const [, file] = /^node (scripts\/\S+)/.exec(text) ?? [];
  if (file !== undefined) return existsSync(join(root, file)) ? undefined : `there is no ${file}`;
  const [, subcommand = ''] = /\blsnode (\w+)/.exec(text) ?? [];
  const help = (HELP[subcommand] ?? helpText)();
  const unknown = [...text.matchAll(/(?<=\s)--[a-z][\w-]*/g)].find(([option]) => !help.includes(option));
  return unknown === undefined ? undefined : `lsnode ${subcommand} has no option ${unknown[0]}`;
}
