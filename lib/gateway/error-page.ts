import { STATUS_CODES } from 'node:http';

/** What an error page tells. */
export interface ErrorReport {
  readonly status: number;
  /** One sentence for the reader: what went wrong and what to do. */
  readonly reason: string;
  /** Stable code of the error, if it has one. */
  readonly code?: string | undefined;
}

/** A small HTML page; without the details outside development. */
export function renderErrorPage(report: ErrorReport, development: boolean): string {
  const title = `${report.status} ${STATUS_CODES[report.status] ?? 'Error'}`;
  const code = report.code === undefined ? '' : ` <code>${escapeHtml(report.code)}</code>`;
  const details = development
    ? `<p>${escapeHtml(report.reason)}</p>\n<p><small>lsapi development gateway${code}</small></p>\n`
    : '';
  return (
    `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>${title}</title></head>\n` +
    `<body><h1>${title}</h1>\n${details}</body></html>\n`
  );
}

function escapeHtml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? character);
}
