import { ReadStream } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import type { LiteSpeedEnvironment } from './environment.js';
import { FileRoots, type FileRoot, type LocatedFile } from './file-roots.js';
import { hasStaticSuffix, staticSuffixes } from './static-suffixes.js';
import { redirectInternally } from './redirected-response.js';

/** Options of {@link acceleratedSendFile}. */
export interface AcceleratedSendFileOptions {
  /**
   * Directories and the URIs under which the server has them. Unless given the document root of the virtual host, where
   * the server tells it.
   */
  readonly roots?: readonly FileRoot[];
  /**
   * File name endings, with their dot, that the server delivers besides the usual ones of images, archives, documents and
   * so on. None that a script handler of the server has: it would run the file.
   */
  readonly suffixes?: readonly string[];
}

/** What Express's `app.use()` takes. */
export type SendFileMiddleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

type SendFile = (this: ExpressResponse, ...parameters: unknown[]) => unknown;

/** As far as Express 4 and 5 agree. */
type ExpressResponse = ServerResponse & { readonly req: ExpressRequest; sendFile?: SendFile };
type ExpressRequest = IncomingMessage & { readonly lsapi?: { readonly env: LiteSpeedEnvironment } };

/** A stream's public face does not show what part of the file it reads. */
type FileStream = ReadStream & { readonly start?: number; readonly end?: number };

/** Of these the server makes its own: an app that wants others, or none, sends the file itself. */
const VALIDATORS = ['ETag', 'Last-Modified', 'Accept-Ranges'] as const;

/**
 * Middleware for Express 4 and 5 that lets the server send the bytes of `res.sendFile()` and `res.download()`.
 *
 * Express does everything up to the first byte: it finds and checks the file, answers conditional requests and ranges,
 * sets headers, reports errors. Where it would then stream a whole file, the response ends with an internal redirect
 * instead, and the callback is called. Express streams as ever what the server would not send alike: requests that did
 * not come over LSAPI; files outside the roots, with a name that begins with a dot, or with a suffix that is not known
 * for a static file; parts of files; statuses other than 200; responses with a Content-Encoding, with validators of
 * their own or without some.
 *
 * @throws LsapiError LSAPI_ERR_OPTION
 */
export function acceleratedSendFile(options: AcceleratedSendFileOptions = {}): SendFileMiddleware {
  return new Accelerator(options).middleware;
}

class Accelerator {
  readonly #roots: FileRoots | undefined;
  readonly #suffixes: ReadonlySet<string>;
  readonly #originals = new WeakMap<ServerResponse, SendFile>();
  readonly #sendFile: SendFile;
  /** Of the document root that the server tells; there are as many as virtual hosts share this process. */
  readonly #documentRoots = new Map<string, FileRoots>();
  /** URIs of roots that the server does not deliver from. */
  readonly #useless = new Set<string>();
  readonly middleware: SendFileMiddleware;

  constructor({ roots, suffixes = [] }: AcceleratedSendFileOptions) {
    this.#roots = roots === undefined ? undefined : new FileRoots(roots);
    this.#suffixes = staticSuffixes(suffixes);
    // One function for all responses, which Express calls on each.
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- `this` of the function is the response
    const accelerator = this;
    this.#sendFile = function (...parameters) {
      return accelerator.#accelerate(this, parameters);
    };
    this.middleware = (request, response, next) => {
      this.#prepare(request, response);
      next();
    };
  }

  #prepare(request: ExpressRequest, response: ExpressResponse): void {
    const { sendFile } = response;
    if (request.lsapi === undefined || request.method !== 'GET' || sendFile === undefined) return;
    this.#originals.set(response, sendFile);
    response.sendFile = this.#sendFile;
  }

  #accelerate(response: ExpressResponse, parameters: unknown[]): unknown {
    const sendFile = this.#originals.get(response)!;
    if (mayHandOver(response, parameters[1])) {
      response.once('pipe', (source: Readable) => {
        if (!isWholeFile(source, response)) return;
        // Once it is open it is known to be readable; that it is not is for Express to report.
        source.once('open', () => this.#handOver(response, source));
      });
    }
    return sendFile.apply(response, parameters);
  }

  #handOver(response: ExpressResponse, source: FileStream): void {
    if (response.headersSent || response.destroyed) return;
    const located = this.#locate(response.req.lsapi?.env ?? {}, source.path.toString());
    if (located === undefined) return;
    source.unpipe(response);
    source.destroy();
    // Express takes this for the end of the transfer.
    response.once('finish', () => source.emit('end'));
    for (const name of VALIDATORS) response.removeHeader(name);
    redirectInternally(response, located.uri);
  }

  #locate(env: LiteSpeedEnvironment, path: string): LocatedFile | undefined {
    if (!hasStaticSuffix(path, this.#suffixes)) return undefined;
    const located = (this.#roots ?? this.#documentRoot(env))?.locate(path);
    if (located === undefined || located.uri.includes('/.') || this.#useless.has(located.root.uri)) {
      return undefined;
    }
    if (!isGivenBack(env, located.uri)) return located;
    this.#useless.add(located.root.uri);
    process.emitWarning(
      `acceleratedSendFile(): the server gave the request for ${located.uri} back to the app instead of delivering the ` +
        `file, so the app sends files below ${located.root.directory} itself from now on. Configure a static context ` +
        `for ${located.root.uri} there, or leave that root out.`,
      { code: 'LSAPI_WARN_LITESPEED_ROOT' },
    );
    return undefined;
  }

  #documentRoot({ DOCUMENT_ROOT }: LiteSpeedEnvironment): FileRoots | undefined {
    if (DOCUMENT_ROOT === undefined) return undefined;
    let roots = this.#documentRoots.get(DOCUMENT_ROOT);
    if (roots === undefined) {
      const directory = Buffer.from(DOCUMENT_ROOT, 'latin1').toString();
      // The whole machine is no document root: nothing is delivered then.
      roots = new FileRoots(directory === '' || directory === '/' ? [] : [{ directory, uri: '/' }]);
      this.#documentRoots.set(DOCUMENT_ROOT, roots);
    }
    return roots;
  }
}

/** What is known before Express has looked at the file. */
function mayHandOver(response: ExpressResponse, options: unknown): boolean {
  if (response.statusCode !== 200 || response.headersSent) return false;
  const { range } = response.req.headers;
  // Of a part the server would not send the app's headers, so Express does. But the validator of If-Range may be one
  // that the server gave out: then Express wants to send the whole, and the server knows better.
  if (range !== undefined && (response.req.headers['if-range'] === undefined || range.includes(',')))
    return false;
  if (VALIDATORS.some((name) => response.hasHeader(name)) || response.hasHeader('Content-Encoding'))
    return false;
  if (typeof options !== 'object' || options === null) return true;
  const { start, end, headers } = options as { start?: unknown; end?: unknown; headers?: unknown };
  if (start !== undefined || end !== undefined) return false;
  if (typeof headers !== 'object' || headers === null) return true;
  return !Object.keys(headers).some((name) =>
    VALIDATORS.some((own) => own.toLowerCase() === name.toLowerCase()),
  );
}

/** Whether Express is about to send a whole file, with all that the server would say of it. */
function isWholeFile(source: Readable, response: ExpressResponse): source is FileStream {
  if (!(source instanceof ReadStream) || response.statusCode !== 200) return false;
  const { start = 0, end = Infinity } = source as FileStream;
  const length = Number(response.getHeader('Content-Length'));
  return (
    start === 0 &&
    end + 1 === length &&
    !response.hasHeader('Content-Encoding') &&
    VALIDATORS.every((name) => response.hasHeader(name))
  );
}

/** Whether this request is already the redirected one: a context of the app's covers the URI. */
function isGivenBack(env: LiteSpeedEnvironment, uri: string): boolean {
  if (env.REDIRECT_URL === undefined) return false;
  const { SCRIPT_NAME = '', PATH_INFO = '' } = env;
  // A context's SCRIPT_NAME ends with the slash that PATH_INFO begins with (protocol §3.1).
  const path = PATH_INFO === '' ? SCRIPT_NAME : SCRIPT_NAME.replace(/\/$/, '') + PATH_INFO;
  return path === Buffer.from(decodeURIComponent(uri)).toString('latin1');
}
