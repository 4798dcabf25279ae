// Code blocks that are not run, in pages.
import type { Code, Nodes } from 'mdast';
import ts from 'typescript';
import { visit } from 'unist-util-visit';
import { parseDirective } from './directives.js';
import { lineOf, type Page } from './markdown.js';

/** A block of code and where it stands. */
export interface Block {
  readonly language: string;
  readonly text: string;
  /** `PAGE:LINE` of its first line. */
  readonly place: string;
}

const SCRIPTS: Readonly<Record<string, ts.ScriptKind>> = {
  js: ts.ScriptKind.JS,
  mjs: ts.ScriptKind.JS,
  cjs: ts.ScriptKind.JS,
  javascript: ts.ScriptKind.JS,
  jsx: ts.ScriptKind.JSX,
  ts: ts.ScriptKind.TS,
  typescript: ts.ScriptKind.TS,
};

export function blocksOf({ name, tree }: Page): Block[] {
  const blocks: Block[] = [];
  visit(tree, 'code', (node: Code, index, parent) => {
    if (isWrong(parent?.children[(index ?? 0) - 1])) return;
    const language = (node.lang ?? '').toLowerCase();
    blocks.push({ language, text: node.value, place: `${name}:${lineOf(node)}` });
  });
  return blocks;
}

/** Whether the next block shows what not to do. */
function isWrong(before: Nodes | undefined): boolean {
  return before?.type === 'html' && parseDirective(before.value)?.kind === 'wrong';
}

/** JavaScript or TypeScript, taken apart; `undefined`: it is another language. */
export function parseScript({ language, text }: Block): ts.SourceFile | undefined {
  const kind = SCRIPTS[language];
  if (kind === undefined) return undefined;
  return ts.createSourceFile('block', text, ts.ScriptTarget.ESNext, true, kind);
}

/** What keeps a script from being one. */
export function syntaxErrors(source: ts.SourceFile): string[] {
  const { diagnostics = [] } = ts.transpileModule(source.text, {
    reportDiagnostics: true,
    fileName: 'block.ts',
    compilerOptions: { target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.ESNext },
  });
  return diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

/** The names of values that it imports from a module of this package. */
export function importsOf(source: ts.SourceFile): { readonly module: string; readonly name: string }[] {
  return source.statements.flatMap((statement) => {
    if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) return [];
    const module = statement.moduleSpecifier.text;
    const bindings = statement.importClause?.namedBindings;
    if (!/^lsapi(?:\/|$)/.test(module) || bindings === undefined || !ts.isNamedImports(bindings)) return [];
    if (statement.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword) return [];
    return bindings.elements
      .filter(({ isTypeOnly }) => !isTypeOnly)
      .map(({ name, propertyName }) => ({ module, name: (propertyName ?? name).text }));
  });
}

/** Whether it is configuration of OpenLiteSpeed, whatever its language is called. */
export function isServerConfiguration({ language, text }: Block): boolean {
  const blocks =
    /^\s*(?:extprocessor|context|scripthandler|websocket|rewrite|virtualhost|listener)\b[^\n]*\{$/im;
  return ['', 'apacheconf', 'text', 'conf'].includes(language) && blocks.test(text);
}
