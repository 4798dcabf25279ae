/** What the access log gets about one request. */
export interface AccessLogEntry {
  /** When the request arrived. */
  readonly time: Date;
  readonly remoteAddress: string;
  readonly method: string;
  /** The request target as the client sent it. */
  readonly url: string;
  readonly httpVersion: string;
  /** What the client got; 0 if it got nothing (it left, or the response was cut off before its header). */
  readonly status: number;
  /** Bytes of the body that were handed to the client's connection, before chunked framing. */
  readonly bytes: number;
  readonly durationMs: number;
  readonly referer: string;
  readonly userAgent: string;
  /** How often the request was delivered to the application; 0 if the gateway answered itself. */
  readonly deliveries: number;
}

/** One line in the combined log format, with the duration at its end. */
export function formatAccessLog(entry: AccessLogEntry): string {
  const { remoteAddress, method, url, httpVersion, status, bytes, referer, userAgent, durationMs } = entry;
  const request = `${method} ${url} HTTP/${httpVersion}`;
  const tail = entry.deliveries > 1 ? ` deliveries=${entry.deliveries}` : '';
  return (
    `${remoteAddress} - - [${entry.time.toISOString()}] ${quoted(request)} ${status} ${bytes} ` +
    `${quoted(referer)} ${quoted(userAgent)} ${durationMs.toFixed(1)}ms${tail}`
  );
}

/** The default access log. */
export function logAccessToStdout(entry: AccessLogEntry): void {
  process.stdout.write(`${formatAccessLog(entry)}\n`);
}

/** Client data must not be able to forge log lines or to control a terminal. */
function quoted(text: string): string {
  if (text === '') return '"-"';
  const escape = (character: string): string => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;

  return `"${text.replace(/[\u0000-\u001f"\\\u007f-\u009f]/g, escape)}"`;
}
