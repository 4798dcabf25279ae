import { encodePath } from '../directives/request/target.js';

/** Where a script stands in the URL of a request. Text holds one character a byte. */
export interface Mount {
  /** The part of the request target that leads to the script, undecoded: Express's `req.baseUrl`. */
  readonly baseUrl: string;
  /** What follows it, with the query: `req.url` of a script. Begins with a slash. */
  readonly url: string;
}

/**
 * SCRIPT_NAME and PATH_INFO as CGI has them. What servers are known to send differently (protocol §3.1 and number 15 of
 * its quirks): a context's SCRIPT_NAME ends with the slash that PATH_INFO begins with; after a rewrite SCRIPT_NAME
 * includes PATH_INFO.
 */
export function normaliseNames(env: Readonly<Record<string, string>>): {
  scriptName: string;
  pathInfo: string;
} {
  const { SCRIPT_NAME: script = '', PATH_INFO: pathInfo = '', SCRIPT_FILENAME: file = '' } = env;
  const scriptName = script.endsWith('/') ? script.slice(0, -1) : script;
  if (pathInfo !== '' && script.endsWith(pathInfo)) {
    const shorter = script.slice(0, -pathInfo.length);
    const name = file.slice(file.lastIndexOf('/'));
    if (name !== '' && shorter.endsWith(name) && !script.endsWith(name))
      return { scriptName: shorter, pathInfo };
  }
  return { scriptName, pathInfo };
}

/**
 * Cuts the request target where the script ends. A target that does not lead to the script by itself, as after a
 * rewrite, is replaced by what SCRIPT_NAME and PATH_INFO make.
 *
 * @param target - path and query as the client sent them
 * @param query - QUERY_STRING
 */
export function mountOf(target: string, scriptName: string, pathInfo: string, query: string): Mount {
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  const end = path.startsWith('/') ? endOfMount(path, scriptName) : -1;
  if (end >= 0) {
    const rest = target.slice(end);
    return { baseUrl: path.slice(0, end), url: rest.startsWith('/') ? rest : `/${rest}` };
  }
  const rest = encodePath(pathInfo);
  return {
    baseUrl: encodePath(scriptName),
    url: `${rest.startsWith('/') ? rest : `/${rest}`}${query === '' ? '' : `?${query}`}`,
  };
}

/** Where in an undecoded path the component ends up to which it means `scriptName`; -1: nowhere. */
function endOfMount(path: string, scriptName: string): number {
  if (scriptName === '') return 0;
  if (path.startsWith(scriptName) && isEnd(path, scriptName.length) && !scriptName.includes('%'))
    return scriptName.length;
  for (let end = path.indexOf('/', 1); ; end = path.indexOf('/', end + 1)) {
    const prefix = end < 0 ? path : path.slice(0, end);
    if (decode(prefix) === scriptName) return prefix.length;
    if (end < 0) return -1;
  }
}

function isEnd(path: string, at: number): boolean {
  return at === path.length || path.charAt(at) === '/';
}

/** As the server decodes a path: escapes to bytes, runs of slashes to one. */
function decode(path: string): string {
  return path
    .replace(/%([\da-f]{2})/gi, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)))
    .replace(/\/{2,}/g, '/');
}
