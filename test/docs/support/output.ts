// What a page says that commands print, beside what they print.
import assert from 'node:assert/strict';

/**
 * Compares line by line. `…` in a line of the page stands for any text, a line that is only `…` for any lines. Blanks
 * at the end of lines do not count.
 */
export function assertPrints(actual: string, expected: string): void {
  const lines = (text: string): string[] =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => line.trimEnd());
  const pattern = lines(expected)
    .map((line) =>
      line.trim() === '…' ? '(?:[^\\n]*\\n)*?' : `${line.split('…').map(escape).join('[^\\n]*')}\\n`,
    )
    .join('');
  const printed = lines(actual).join('\n');
  if (!new RegExp(`^${pattern}$`).test(`${printed}\n`)) assert.equal(printed, expected.trimEnd());
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
