// What has to be done to run a page: its code blocks and the comments before them, in their order.
import type { Code, Nodes, Parent } from 'mdast';
import { parseDirective, type Directive } from './directives.js';
import { lineOf, type Page } from './markdown.js';

interface Common {
  readonly line: number;
  /** Of the test. */
  readonly title: string;
}

export type Step = Common &
  (
    | { readonly kind: 'run'; readonly script: string; readonly status: number }
    /** A `console` block: commands, and what each of them prints. */
    | { readonly kind: 'dialog'; readonly exchanges: readonly Exchange[] }
    | { readonly kind: 'output'; readonly expected: string }
    | { readonly kind: 'serve'; readonly commands: readonly string[]; readonly until: readonly string[] }
    | { readonly kind: 'file'; readonly name: string; readonly text: string }
    | { readonly kind: 'stand-in'; readonly commands: readonly string[] }
    | { readonly kind: 'usage'; readonly commands: readonly string[] }
    | { readonly kind: 'elsewhere'; readonly file: string; readonly text: string }
    | { readonly kind: 'broken'; readonly problem: string }
  );

export interface Exchange {
  readonly command: string;
  readonly expected: string;
}

const SHELL = ['sh', 'bash', 'shell'];
/** Languages whose comments tell a file's name: of the first line, `// NAME` or `# NAME`. */
const SLASHES = ['js', 'mjs', 'cjs', 'javascript', 'jsx', 'ts', 'typescript'];
const HASHES = ['ini', 'yaml', 'toml', 'apache', 'apacheconf', 'conf', 'dockerfile', 'nginx', 'python'];
/** Directives that only say how a block of commands is run. */
const OF_COMMANDS = ['background', 'elsewhere', 'usage', 'exit', 'where'];

export function stepsOf(page: Page): Step[] {
  const steps: Step[] = [];
  visit(page.tree, steps);
  return steps;
}

function visit(parent: Parent, steps: Step[]): void {
  let pending: Directive[] = [];
  for (const node of parent.children as Nodes[]) {
    if (node.type === 'html') {
      try {
        const directive = parseDirective(node.value);
        if (directive?.kind === 'setup' || directive?.kind === 'check') {
          steps.push({
            line: lineOf(node),
            title: `${directive.kind}: ${firstLine(directive.script)}`,
            kind: 'run',
            script: directive.script,
            status: 0,
          });
        } else if (directive?.kind === 'stand-in') {
          const title = `stand-ins for ${directive.commands.join(', ')}`;
          steps.push({ line: lineOf(node), title, ...directive });
        } else if (directive !== undefined) pending.push(directive);
      } catch (error) {
        steps.push(broken(node, (error as Error).message));
      }
      continue;
    }
    if (node.type === 'code') steps.push(...stepsOfBlock(node, pending));
    else if (pending.length > 0)
      steps.push(broken(node, 'A directive stands before something else than a block.'));
    pending = [];
    if ('children' in node) visit(node, steps);
  }
  if (pending.length > 0) steps.push(broken(parent as Nodes, 'A directive stands before no block.'));
}

function stepsOfBlock(block: Code, directives: readonly Directive[]): Step[] {
  const find = <K extends Directive['kind']>(kind: K): Extract<Directive, { kind: K }> | undefined =>
    directives.find((directive): directive is Extract<Directive, { kind: K }> => directive.kind === kind);
  const language = (block.lang ?? '').toLowerCase();
  const common = { line: lineOf(block), title: firstLine(block.value) };
  const isCommands = SHELL.includes(language) || language === 'console';

  const name = find('file')?.name ?? fileName(language, block.value);
  if (name !== undefined)
    return [{ ...common, title: `writes ${name}`, kind: 'file', name, text: `${block.value}\n` }];
  if (find('output') !== undefined)
    return [{ ...common, title: 'and prints that', kind: 'output', expected: block.value }];
  if (!isCommands) {
    if (directives.some(({ kind }) => OF_COMMANDS.includes(kind))) {
      return [broken(block, `A directive for commands stands before a block of the language "${language}".`)];
    }
    if (language === '' && /^(\$ |# |sudo |npm |npx |node |lsnode |curl |apt |apt-get )/m.test(block.value)) {
      return [broken(block, 'A block with commands has no language: begin it with ```sh.')];
    }
    return [];
  }

  const elsewhere = find('elsewhere');
  if (elsewhere !== undefined) return [{ ...common, ...elsewhere }];
  const script = directives.reduce(
    (text, directive) =>
      directive.kind === 'where' ? text.replaceAll(directive.word, () => directive.value) : text,
    `${block.value}\n`,
  );
  if (language === 'console') return [{ ...common, kind: 'dialog', exchanges: exchangesOf(script) }];
  if (find('usage') !== undefined) return [{ ...common, kind: 'usage', commands: commandsOf(script) }];
  const background = find('background');
  if (background !== undefined) {
    return [{ ...common, kind: 'serve', commands: commandsOf(script), until: background.until }];
  }
  return [{ ...common, kind: 'run', script, status: find('exit')?.status ?? 0 }];
}

/** The name in the first line's comment. */
function fileName(language: string, text: string): string | undefined {
  if (SLASHES.includes(language)) return /^\/\/ (\S*[\w/]\.\w+)$/m.exec(firstLine(text))?.[1];
  if (HASHES.includes(language)) return /^# (\S*[\w/]\.\w+)$/m.exec(firstLine(text))?.[1];
  return undefined;
}

/** One command a line, unless a line goes on in the next one; without those that are nothing but comment. */
function commandsOf(script: string): string[] {
  return script
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => !/^\s*(#|$)/.test(line));
}

/** Lines after `$ ` are commands, `> ` continues one; all others are what it prints. */
function exchangesOf(text: string): Exchange[] {
  const exchanges: { command: string; expected: string }[] = [];
  for (const line of text.trimEnd().split('\n')) {
    const last = exchanges.at(-1);
    const [, prompt, rest = ''] = /^([$#>]) (.*)$/.exec(line) ?? [];
    if (prompt === '>' && last?.expected === '') last.command += `\n${rest}`;
    else if (prompt === '$' || prompt === '#') exchanges.push({ command: rest, expected: '' });
    else if (last !== undefined) last.expected += `${line}\n`;
  }
  return exchanges;
}

function firstLine(text: string): string {
  return text.trimStart().split('\n')[0]?.replace(/\s+/g, ' ').trim() ?? '';
}

function broken(node: Nodes, problem: string): Step {
  return { line: lineOf(node), title: 'has comments that a test understands', kind: 'broken', problem };
}
