import { SETTING_NAMES, VARIABLES } from './variable-table.js';

const WIDTH = 80;
const INDENT = 2;

/** All environment variables in short form for `lsnode --help`: name, what it is, default; 80 columns. */
export function variableSummary(): string {
  return definitionList(
    SETTING_NAMES.map((name) => {
      const variable = VARIABLES[name];
      return [variable.name, `${variable.brief} [${variable.default.text}]`];
    }),
  );
}

/** Terms and their explanations in two columns, explanations wrapped at 80 columns. */
export function definitionList(entries: readonly (readonly [term: string, explanation: string])[]): string {
  const column = INDENT + Math.max(...entries.map(([term]) => term.length)) + 2;
  return entries
    .map(([term, explanation]) => {
      const [first = '', ...others] = wrap(explanation, WIDTH - column);
      const lines = [' '.repeat(INDENT) + term.padEnd(column - INDENT) + first];
      return [...lines, ...others.map((line) => ' '.repeat(column) + line)].join('\n');
    })
    .join('\n');
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
