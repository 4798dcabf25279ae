import type { ExpressionValues } from './expression.js';
import { substituteGroups } from '../pcre/pattern.js';
import type { EnvironmentCondition, Settings } from '../settings.js';
import type { DirectiveRequest } from './types.js';

/** Variables that the web server makes of the request itself: they are no request environment for `%{ENV:…}`. */
const CGI_VARIABLES = new Set(
  (
    'AUTH_TYPE CONTENT_LENGTH CONTENT_TYPE CONTEXT_DOCUMENT_ROOT CONTEXT_PREFIX DOCUMENT_ROOT GATEWAY_INTERFACE HTTPS ' +
    'PATH PATH_INFO PATH_TRANSLATED QUERY_STRING REMOTE_ADDR REMOTE_HOST REMOTE_IDENT REMOTE_PORT REMOTE_USER ' +
    'REQUEST_METHOD REQUEST_SCHEME REQUEST_URI SCRIPT_FILENAME SCRIPT_NAME SCRIPT_URI SCRIPT_URL SERVER_ADDR ' +
    'SERVER_ADMIN SERVER_NAME SERVER_PORT SERVER_PROTOCOL SERVER_SIGNATURE SERVER_SOFTWARE'
  ).split(' '),
);

/** The environment of a request: variables by name, whatever its case. */
export class RequestEnvironment {
  readonly #values = new Map<string, string>();
  readonly #process: NodeJS.ProcessEnv;

  constructor(request: DirectiveRequest, environ: NodeJS.ProcessEnv) {
    this.#process = environ;
    for (const [name, value] of Object.entries(request.env ?? {})) {
      if (value === undefined || CGI_VARIABLES.has(name) || name.startsWith('HTTP_')) continue;
      this.#values.set(name.toLowerCase(), value);
    }
  }

  /** A variable of the request. */
  get(name: string): string | undefined {
    return this.#values.get(name.toLowerCase());
  }

  /** A variable of the request, else of the process, where the case of names counts. */
  lookUp(name: string): string | undefined {
    return this.get(name) ?? this.#process[name];
  }

  /** Carries out `SetEnvIf` and its like. */
  applyConditions(conditions: readonly EnvironmentCondition[] | undefined, values: RequestValues): void {
    for (const { attribute, pattern, changes } of conditions ?? []) {
      const match = pattern.exec(values.attribute(attribute) ?? this.get(attribute) ?? '');
      if (match === undefined) continue;
      for (const { name, value } of changes) {
        if (value === undefined) this.#values.delete(name.toLowerCase());
        else this.#values.set(name.toLowerCase(), substituteGroups(value, match.groups));
      }
    }
  }

  /** Carries out `SetEnv`, `UnsetEnv` and `PassEnv`: what conditions set, or the web server, stays. */
  applySettings({ environment }: Settings): void {
    const made = new Map<string, string>();
    for (const { name, value } of environment ?? []) {
      if (value === undefined) made.delete(name.toLowerCase());
      else made.set(name.toLowerCase(), value);
    }
    for (const [name, value] of made) if (!this.#values.has(name)) this.#values.set(name, value);
  }
}

/** What `SetEnvIf` and `<If>` may look at. */
export class RequestValues implements ExpressionValues {
  readonly #request: DirectiveRequest;
  readonly #environment: RequestEnvironment;
  /** The decoded path; set anew when a request is resolved for another one. */
  path = '';
  query: string | undefined;
  serverName = '';
  filename = '';

  constructor(request: DirectiveRequest, environment: RequestEnvironment) {
    this.#request = request;
    this.#environment = environment;
  }

  /** The first header of that name. */
  header(name: string): string | undefined {
    const wanted = name.toLowerCase();
    return this.#request.headers.find(([given]) => given.toLowerCase() === wanted)?.[1];
  }

  /** Attributes of `SetEnvIf` by their names there; `undefined` for others that no header has. */
  attribute(name: string): string | undefined {
    switch (name.toLowerCase()) {
      case 'remote_addr':
      case 'remote_host':
        return this.#request.remoteAddress ?? '';
      case 'server_addr':
        return this.#request.serverAddress ?? '';
      case 'request_method':
        return this.#request.method ?? 'GET';
      case 'request_protocol':
        return this.#request.protocol ?? 'HTTP/1.1';
      case 'request_uri':
        return this.path;
      default:
        return this.header(name);
    }
  }

  value(kind: string, name: string): string {
    if (kind === 'http' || kind === 'req') return this.header(name) ?? '';
    if (kind === 'env' || kind === 'reqenv') return this.#environment.get(name) ?? '';
    const upper = name.toUpperCase();
    switch (upper) {
      case 'QUERY_STRING':
        return this.query ?? '';
      case 'REQUEST_URI':
        return this.path;
      case 'THE_REQUEST':
        return `${this.attribute('request_method')} ${this.#request.uri} ${this.attribute('request_protocol')}`;
      case 'SERVER_PROTOCOL':
        return this.attribute('request_protocol') ?? '';
      case 'REQUEST_FILENAME':
      case 'SCRIPT_FILENAME':
        return this.filename;
      case 'SERVER_NAME':
        return this.serverName;
      case 'SERVER_PORT':
        return String(this.#request.serverPort);
      case 'HTTP_HOST':
      case 'HTTP_USER_AGENT':
      case 'HTTP_REFERER':
      case 'HTTP_COOKIE':
      case 'HTTP_ACCEPT':
        return this.header(upper.slice('HTTP_'.length).replaceAll('_', '-')) ?? '';
      default:
        return ['REMOTE_ADDR', 'REMOTE_HOST', 'SERVER_ADDR', 'REQUEST_METHOD'].includes(upper)
          ? (this.attribute(upper) ?? '')
          : (this.#environment.get(name) ?? '');
    }
  }
}
