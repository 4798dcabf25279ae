import { encodeRequest, type ByteOrder, type NameValue } from '#lib/codec/index.js';

/** Header lines in order; the object form is for tests that do not care about repetitions. */
export type HeaderInput = readonly NameValue[] | Readonly<Record<string, string | readonly string[]>>;

/** A request as a web server would pass it on. Everything has a default. */
export interface RequestOptions {
  method?: string;
  /** REQUEST_URI: path and query as the client sent them. */
  url?: string;
  httpVersion?: '1.0' | '1.1';
  /** Host and, with a body, Content-Length are added unless given. */
  headers?: HeaderInput;
  /** Added to the default environment, or replacing it; `undefined` takes an entry out. */
  env?: Readonly<Record<string, string | undefined>>;
  body?: string | Uint8Array;
  /** Length that is announced, where it is not that of `body`: the rest may follow with `write()`. */
  bodyLength?: number;
  /** Special entries of the environment. */
  specialEnv?: readonly NameValue[];
  flag?: 0 | 1;
  byteOrder?: ByteOrder;
}

const DEFAULT_ENV: Readonly<Record<string, string>> = {
  DOCUMENT_ROOT: '/srv/www',
  REMOTE_ADDR: '203.0.113.7',
  REMOTE_PORT: '50123',
  SERVER_ADDR: '192.0.2.1',
  SERVER_NAME: 'example.com',
  SERVER_ADMIN: '',
  SERVER_PORT: '80',
};

/** The BEGIN_REQUEST packet of a request, and the body bytes that follow it. */
export function buildRequest(options: RequestOptions): { packet: Buffer; body: Buffer } {
  const { method = 'GET', url = '/', httpVersion = '1.1' } = options;
  const body = typeof options.body === 'string' ? Buffer.from(options.body) : Buffer.from(options.body ?? '');
  const reqBodyLen = options.bodyLength ?? body.length;
  const headers = toLines(options.headers ?? []);
  const has = (name: string): boolean => headers.some(([given]) => given.toLowerCase() === name);
  if (!has('host')) headers.unshift(['Host', 'example.com']);
  if (reqBodyLen > 0 && !has('content-length')) headers.push(['Content-Length', String(reqBodyLen)]);

  const [path = '', query = ''] = url.split(/\?(.*)/s);
  const env: Record<string, string | undefined> = {
    ...DEFAULT_ENV,
    REQUEST_URI: url,
    QUERY_STRING: query,
    SCRIPT_NAME: path,
    SERVER_PROTOCOL: `HTTP/${httpVersion}`,
    SERVER_SOFTWARE: 'LiteSpeed/1.9.1 Open',
    REQUEST_METHOD: method,
    ...options.env,
  };
  const packet = encodeRequest({
    ...(options.flag !== undefined && { flag: options.flag }),
    ...(options.byteOrder !== undefined && { byteOrder: options.byteOrder }),
    reqBodyLen,
    ...(options.specialEnv !== undefined && { specialEnv: options.specialEnv }),
    env: Object.entries(env).filter((entry): entry is NameValue => entry[1] !== undefined),
    header: { requestLine: `${method} ${url} HTTP/${httpVersion}`, headers },
  });
  return { packet, body };
}

function toLines(headers: HeaderInput): NameValue[] {
  if (isList(headers)) return headers.map(([name, value]) => [name, value]);
  return Object.entries(headers).flatMap(([name, value]) =>
    (typeof value === 'string' ? [value] : value).map((item): NameValue => [name, item]),
  );
}

function isList(headers: HeaderInput): headers is readonly NameValue[] {
  return Array.isArray(headers);
}
