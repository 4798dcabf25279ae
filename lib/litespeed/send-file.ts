import { realpath, stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isAbsolute, join, normalize, resolve, sep } from 'node:path';
import { inspect } from 'node:util';
import { LsapiError } from '../errors.js';
import type { FileMount } from './internal-redirect.js';
import { uriOf } from './internal-redirect.js';

type Callback = (error?: Error) => void;

/** The options of `res.sendFile()` that matter here (Express 4 and 5). */
interface SendFileOptions {
  readonly root?: string;
  readonly dotfiles?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly maxAge?: number | string;
  readonly immutable?: boolean;
  readonly cacheControl?: boolean;
  readonly etag?: boolean;
  readonly lastModified?: boolean;
  readonly acceptRanges?: boolean;
  readonly start?: number;
  readonly end?: number;
}

type SendFile = (
  this: ExpressResponse,
  path: string,
  options?: SendFileOptions | Callback,
  callback?: Callback,
) => unknown;

type ExpressResponse = ServerResponse & { sendFile?: SendFile };

/** A middleware of Express, as far as types go without its package. */
export type Middleware = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

export interface AcceleratedSendFileOptions {
  /** The contexts for static files that the server has. A file is delivered by the first one that it is in. */
  readonly mounts: readonly FileMount[];
}

/** Headers that the server's own delivery of a file would contradict. */
const OF_THE_FILE = [
  'content-type',
  'content-length',
  'content-encoding',
  'content-range',
  'etag',
  'last-modified',
  'accept-ranges',
  'transfer-encoding',
];

/**
 * A middleware of Express (4 and 5) under which `res.sendFile()` and `res.download()` have the web server deliver the file:
 * the app is done after some microseconds, however large the file is, and ranges and conditional requests are the
 * server's. Headers that were set, cookies included, stay. Whatever the server would not do alike is left to Express: files outside
 * of the mounts (links are followed first), missing and dot files, a Content-Type, ETag or Last-Modified of the app's own or
 * none at all, parts of files, requests that did not come over LSAPI.
 *
 * @throws LsapiError LSAPI_ERR_OPTION
 */
export function acceleratedSendFile({ mounts }: AcceleratedSendFileOptions): Middleware {
  if (!Array.isArray(mounts) || mounts.length === 0) {
    throw invalid('acceleratedSendFile(): "mounts" must name one context for static files at least.');
  }
  const checked = (mounts as readonly FileMount[]).map(checkMount);
  return (request, response: ExpressResponse, next) => {
    const original = response.sendFile;
    if (
      request.lsapi !== undefined &&
      original !== undefined &&
      /^(?:GET|HEAD)$/.test(request.method ?? '')
    ) {
      response.sendFile = function (path, options, callback) {
        const given = typeof options === 'function' ? {} : (options ?? {});
        const done = typeof options === 'function' ? options : callback;
        const file = isLeftToExpress(this, given) ? undefined : absolutePath(path, given);
        if (file === undefined) return original.call(this, path, options, callback);
        void locate(file, checked).then((uri) => {
          // Meanwhile it may have been answered otherwise, or its client may have left: Express knows what to do.
          if (uri === undefined || this.headersSent || this.destroyed)
            original.call(this, path, options, callback);
          else deliver(this, uri, given, done);
        });
        return undefined;
      };
    }
    next();
  };
}

function checkMount({ uri, directory }: FileMount): FileMount {
  if (typeof uri !== 'string' || !uri.startsWith('/')) {
    throw invalid(
      `acceleratedSendFile(): the mount's "uri" is ${inspect(uri)}, but must be a path such as "/files/".`,
    );
  }
  if (typeof directory !== 'string' || !isAbsolute(directory)) {
    throw invalid(
      `acceleratedSendFile(): the mount's "directory" is ${inspect(directory)}, but must be absolute.`,
    );
  }
  return { uri, directory: resolve(directory) };
}

function isLeftToExpress(response: ServerResponse, options: SendFileOptions): boolean {
  return (
    response.statusCode !== 200 ||
    options.etag === false ||
    options.lastModified === false ||
    options.acceptRanges === false ||
    !isKnownAge(options.maxAge) ||
    options.start !== undefined ||
    options.end !== undefined ||
    OF_THE_FILE.some((name) => response.hasHeader(name)) ||
    Object.keys(options.headers ?? {}).some((name) => OF_THE_FILE.includes(name.toLowerCase()))
  );
}

function isKnownAge(maxAge: unknown): boolean {
  return (
    maxAge === undefined || Number.isFinite(maxAge) || (typeof maxAge === 'string' && MAX_AGE.test(maxAge))
  );
}

/** The file that is meant; `undefined` where Express has something to say about it. */
function absolutePath(path: unknown, { root, dotfiles }: SendFileOptions): string | undefined {
  if (typeof path !== 'string' || path.includes('\0')) return undefined;
  if (root === undefined && !isAbsolute(path)) return undefined;
  const parts = path.split(/[\\/]/);
  if (root !== undefined && parts.includes('..')) return undefined;
  if (dotfiles !== 'allow' && parts.some((part) => part.startsWith('.') && part !== '.')) return undefined;
  return root === undefined ? normalize(path) : normalize(join(resolve(root), sep, path));
}

/** The URI of a regular file that a mount has, links followed. */
async function locate(path: string, mounts: readonly FileMount[]): Promise<string | undefined> {
  try {
    const real = await realpath(path);
    if (!(await stat(real)).isFile()) return undefined;
    for (const mount of mounts) {
      const uri = uriOf(real, { uri: mount.uri, directory: await realpath(mount.directory) });
      if (uri !== undefined) return uri;
    }
  } catch {
    // Missing, or not to be read: Express answers that.
  }
  return undefined;
}

/** Headers behind the redirect are kept once a Content-Disposition has come: the redirect first, then that, then the rest. */
function deliver(response: ServerResponse, uri: string, options: SendFileOptions, done?: Callback): void {
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    response.setHeader(name, typeof value === 'string' ? value : [...value]);
  }
  if (options.cacheControl !== false && !response.hasHeader('Cache-Control')) {
    const seconds = Math.floor(milliseconds(options.maxAge) / 1000);
    response.setHeader(
      'Cache-Control',
      `public, max-age=${seconds}${options.immutable === true ? ', immutable' : ''}`,
    );
  }
  const headers = response.getHeaderNames().map((name) => [name, response.getHeader(name)] as const);
  const disposition = response.getHeader('Content-Disposition') ?? 'inline';
  for (const [name] of headers) response.removeHeader(name);
  response.setHeader('X-LiteSpeed-Location', uri);
  response.setHeader('Content-Disposition', disposition);
  for (const [name, value] of headers) {
    if (value !== undefined && name !== 'content-disposition') response.setHeader(name, value);
  }
  // The empty body's length must not become that of the file.
  response.removeHeader('Content-Length');
  if (done !== undefined) {
    let isDone = false;
    const finish = (error?: Error): void => {
      if (isDone) return;
      isDone = true;
      done(error);
    };
    response.once('finish', () => finish());
    response.once('close', () => {
      finish(Object.assign(new Error('Request aborted'), { code: 'ECONNABORTED' }));
    });
  }
  response.end();
}

/** Texts that Express knows besides milliseconds; it knows more of them, which are left to it. */
const MAX_AGE = /^(\d+(?:\.\d+)?)(ms|s|m|h|d|y)$/;
const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  y: 31_557_600_000,
};
/** As Express has it: a year. */
const MOST_MILLISECONDS = 31_536_000_000;

function milliseconds(maxAge: number | string = 0): number {
  if (typeof maxAge === 'number') return Math.min(Math.max(maxAge, 0), MOST_MILLISECONDS);
  const [, amount = '0', unit = 'ms'] = MAX_AGE.exec(maxAge) ?? [];
  return Math.min(Number(amount) * (UNITS[unit] ?? 1), MOST_MILLISECONDS);
}

function invalid(message: string): LsapiError {
  return new LsapiError('LSAPI_ERR_OPTION', message);
}
