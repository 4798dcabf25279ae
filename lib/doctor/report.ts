import type { Diagnosis } from './examine.js';
import type { Finding } from './finding.js';

/** The diagnosis for people: a paragraph for each finding, errors first. */
export function diagnosisText({ node, places, findings }: Diagnosis): string {
  const looked = `Looked at ${places.join(', ')} with ${node}.\n`;
  const errors = findings.filter(({ severity }) => severity === 'error');
  const warnings = findings.filter(({ severity }) => severity === 'warning');
  const verdict =
    findings.length === 0
      ? 'Nothing is wrong.\n'
      : `${count(errors.length, 'error')}, ${count(warnings.length, 'warning')}.\n`;
  return [looked, ...[...errors, ...warnings].map(paragraph), verdict].join('\n');
}

function paragraph({ code, severity, subject, what, why, remedy }: Finding): string {
  const title = severity === 'error' ? 'Error' : 'Warning';
  return `${title} [${code}] ${subject}\n  ${what}\n  Why it matters: ${why}\n  Remedy: ${remedy}\n`;
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}
