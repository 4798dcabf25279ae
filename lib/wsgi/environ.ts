import { isSecure, splitPairs } from '../http/request-environment.js';
import type { RawRequest } from '../raw/raw-request.js';
import { processErrors } from './errors-stream.js';
import { WsgiInput } from './input.js';
import type { WsgiEnviron } from './wsgi.js';

const VERSION = Object.freeze([1, 0] as const);

/** Headers of other names are left out: with underscores, for instance, they could pass for headers that they are not. */
const PLAIN_NAME = /^[A-Za-z\d-]+$/;

/**
 * The environ of a request, an object without prototype: the server's variables, the headers, PEP 3333's entries.
 * Text is latin1, a character for each byte, as the PEP has it.
 *
 * @param multiprocess - whether other processes serve the same application
 */
export function createEnviron(request: RawRequest, multiprocess: boolean): WsgiEnviron {
  const variables = request.environment;
  const environ: Record<string, unknown> = variables;
  addPath(environ);
  environ.QUERY_STRING ??= '';
  // Never empty (PEP 3333): the server has no name for a request without Host.
  environ.SERVER_NAME ||= environ.SERVER_ADDR ?? 'localhost';
  environ.SERVER_PORT ??= '80';
  environ.SERVER_PROTOCOL ??= 'HTTP/1.1';
  environ.REQUEST_METHOD = request.method;
  addHeaders(environ, splitPairs(request.headerText ?? ''));
  if (request.bodyLength > 0) environ.CONTENT_LENGTH = String(request.bodyLength);
  environ['wsgi.version'] = VERSION;
  environ['wsgi.url_scheme'] = isSecure(variables) ? 'https' : 'http';
  environ['wsgi.input'] = new WsgiInput(request);
  environ['wsgi.errors'] = processErrors;
  environ['wsgi.multithread'] = false;
  environ['wsgi.multiprocess'] = multiprocess;
  environ['wsgi.run_once'] = false;
  // Made when somebody asks: a signal costs more than the rest.
  Object.defineProperty(environ, 'lsapi.signal', {
    get: () => request.signal,
    enumerable: true,
    configurable: true,
  });
  return environ as WsgiEnviron;
}

/**
 * A context's SCRIPT_NAME ends with the slash that PATH_INFO begins with, and PATH_INFO is missing where nothing follows
 * (protocol §3.1). SCRIPT_NAME + PATH_INFO are to be the path.
 */
function addPath(environ: Record<string, unknown>): void {
  const { SCRIPT_NAME: script = '', PATH_INFO: info = '' } = environ as Record<string, string>;
  const ofContext = script.endsWith('/');
  environ.SCRIPT_NAME = ofContext ? script.slice(0, -1) : script;
  environ.PATH_INFO = info === '' && (ofContext || script === '') ? '/' : info;
}

function addHeaders(environ: Record<string, unknown>, pairs: readonly string[]): void {
  for (let index = 0; index < pairs.length; index += 2) {
    const header = pairs[index]!;
    const value = pairs[index + 1]!;
    if (!PLAIN_NAME.test(header)) continue;
    const name = variableName(header);
    if (name === undefined) continue;
    const before = environ[name];
    environ[name] =
      typeof before === 'string' ? before + (name === 'HTTP_COOKIE' ? '; ' : ', ') + value : value;
  }
}

function variableName(header: string): string | undefined {
  const name = header.toUpperCase().replaceAll('-', '_');
  switch (name) {
    case 'CONTENT_TYPE':
    case 'CONTENT_LENGTH':
      return name;
    case 'PROXY':
      return undefined; // programs take HTTP_PROXY for the name of their own proxy ("httpoxy")
    default:
      return `HTTP_${name}`;
  }
}
