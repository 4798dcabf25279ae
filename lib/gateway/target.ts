/** A request target, taken apart. All strings are latin1: one character a byte. */
export interface RequestTarget {
  /** Path and query as the client sent them, without scheme and authority: REQUEST_URI. */
  readonly uri: string;
  /** The path as sent. */
  readonly rawPath: string;
  /** The path decoded and normalized. */
  readonly path: string;
  /** What follows the first `?`; empty if there is none. */
  readonly query: string;
  /** Whether there is a `?`. */
  readonly hasQuery: boolean;
}

/**
 * Takes a request target apart as OpenLiteSpeed does: an absolute-form target loses scheme and authority (request
 * vector 103), only `?` ends the path, `#` has no meaning (123).
 *
 * @returns `undefined` for what the server answers with 400: no path, or dot segments that lead above the root.
 */
export function parseTarget(target: string): RequestTarget | undefined {
  const uri = target.startsWith('/') ? target : absoluteFormUri(target);
  if (uri === undefined) return undefined;
  const mark = uri.indexOf('?');
  const rawPath = mark === -1 ? uri : uri.slice(0, mark);
  const path = normalisePath(rawPath);
  if (path === undefined) return undefined;
  return { uri, rawPath, path, query: mark === -1 ? '' : uri.slice(mark + 1), hasQuery: mark !== -1 };
}

function absoluteFormUri(target: string): string | undefined {
  const rest = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*(.*)$/i.exec(target)?.[1];
  if (rest === undefined) return undefined;
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/**
 * Decodes percent escapes (malformed ones stay, 141), cuts at a NUL (139), then collapses slashes (133) and resolves dot
 * segments (134), encoded ones included (135).
 */
function normalisePath(rawPath: string): string | undefined {
  if (!/%|\/\/|\/\./.test(rawPath)) return rawPath;
  const decoded = rawPath.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(parseInt(hex, 16)),
  );
  const nul = decoded.indexOf('\0');
  const segments = (nul === -1 ? decoded : decoded.slice(0, nul)).split('/').slice(1);
  const last = segments[segments.length - 1];
  const kept: string[] = [];
  for (const segment of segments) {
    if (segment === '' || segment === '.') continue;
    if (segment !== '..') kept.push(segment);
    else if (kept.pop() === undefined) return undefined;
  }
  const isDirectory = last === '' || last === '.' || last === '..';
  return kept.length === 0 ? '/' : `/${kept.join('/')}${isDirectory ? '/' : ''}`;
}
