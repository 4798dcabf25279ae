import {
  byteText,
  hasErrors,
  readApacheConfiguration,
  resolveRequest,
  scriptsToPreload,
  type Resolution,
  type ScriptResolution,
} from '#lib/directives/index.js';
import type {
  ConfigVector,
  RequestsVector,
  VectorChange,
  VectorExpectation,
  VectorFile,
  VectorRequest,
} from '../../support/modwsgi-vectors.js';
import { MemoryFiles } from './memory-files.js';

const ROOT = '/srv/vector';
const CONF = '/etc/vector/vector.conf';
const BASE = '/etc/vector/base.conf';
const PORT = 18_080;

/** How one request, or a configuration, differs from what was recorded; `undefined`: not at all. */
export interface VectorResult {
  readonly request: VectorRequest | undefined;
  readonly difference: string | undefined;
}

/** Reads the configuration of a vector and says how the outcome differs. */
export function runConfigVector(vector: ConfigVector, base: string): VectorResult {
  const files = new MemoryFiles().file(BASE, filled(base)).file(CONF, byteText(filled(vector.config)));
  const { problems } = readApacheConfiguration([BASE], { files, environ: {} });
  const said = problems.flatMap(({ severity, place, message }) =>
    severity === 'error'
      ? [`AH00526: Syntax error on line ${place.line} of ${place.file}:`, message]
      : [`[core:warn] [pid {PID}] AH00111: ${message}`],
  );
  const wanted = vector.expect.output.map(filled);
  const output = hasErrors(problems) ? said.slice(0, 2) : [...said, 'Syntax OK'];
  const exit = hasErrors(problems) ? 1 : 0;
  return {
    request: undefined,
    difference: different({ exit, output }, { exit: vector.expect.exit, output: wanted }),
  };
}

/** Sends the requests of a vector through the resolver, in order. */
export function runRequestsVector(vector: RequestsVector, base: string): VectorResult[] {
  const files = new MemoryFiles().file(BASE, filled(base)).file(CONF, byteText(filled(vector.config)));
  files.directory(`${ROOT}/htdocs`);
  for (const [path, file] of Object.entries(vector.files)) put(files, path, file);
  const environ = { LANG: 'C', VEC_PROCESS_ENV: 'from-process', ...vector.environment };
  const { configuration, problems } = readApacheConfiguration([BASE], { files, environ });
  const preloaded = scriptsToPreload(configuration).map(({ script }) => script);
  const results: VectorResult[] = [
    { request: undefined, difference: different(problems, []) },
    { request: undefined, difference: different(preloaded, loadedAtStart(vector)) },
  ];
  for (const request of vector.requests) {
    for (const change of request.before ?? []) apply(files, change);
    const resolution = resolveRequest(
      configuration,
      {
        method: request.method,
        uri: filled(request.url),
        protocol: request.version,
        headers: request.headers.map(([name, value]) => [name, filled(value)]),
        serverPort: PORT,
        serverAddress: '127.0.0.1',
      },
      { probe: files.asProbe, environ, translatePathInfo: true },
    );
    results.push({ request, difference: compare(resolution, request, vector) });
  }
  return results;
}

function loadedAtStart({ startup_log: log = [] }: RequestsVector): string[] {
  return log.flatMap((line) => {
    const script = /Loading Python script file '(.*)'/.exec(line)?.[1];
    return script === undefined ? [] : [filled(script)];
  });
}

/** The resolver's part of what was recorded, compared with what it says. */
function compare(
  resolution: Resolution,
  { method, url, expect }: VectorRequest,
  vector: RequestsVector,
): string | undefined {
  if (expect.SCRIPT_NAME !== undefined)
    return different(resolution.kind === 'script' ? reported(resolution) : resolution, expected(expect));
  const loaded = scriptOfLog(expect.log ?? []);
  if (loaded !== undefined) {
    if (resolution.kind !== 'script') return different(resolution, loaded);
    const { script, callableObject } = resolution;
    return different(
      loaded.callable === undefined ? { script } : { script, callable: callableObject },
      loaded,
    );
  }
  if (method === 'TRACE' || url === '*') return different(resolution.kind, 'declined');
  if (expect.apache_error_page !== true && (expect.log ?? []).length === 0 && !isStatic(expect, vector))
    return different(resolution.kind, 'script');
  return different(answered(resolution), {
    status: expect.status,
    location: filled(expect.headers?.location ?? ''),
    reason: reasonOfLog(expect.log ?? []),
  });
}

function reported(resolution: ScriptResolution): Record<string, unknown> {
  return {
    SCRIPT_FILENAME: resolution.script,
    SCRIPT_NAME: resolution.scriptName,
    PATH_INFO: resolution.pathInfo,
    PATH_TRANSLATED: resolution.pathTranslated ?? null,
    application_group: resolution.applicationGroup,
    callable_object: resolution.callableObject,
    script_reloading: resolution.scriptReloading ? '1' : '0',
  };
}

function expected(expect: VectorExpectation): Record<string, unknown> {
  return {
    SCRIPT_FILENAME: filled(expect.SCRIPT_FILENAME ?? ''),
    SCRIPT_NAME: expect.SCRIPT_NAME,
    PATH_INFO: expect.PATH_INFO,
    PATH_TRANSLATED: typeof expect.PATH_TRANSLATED === 'string' ? filled(expect.PATH_TRANSLATED) : null,
    application_group: filled(expect.application_group ?? ''),
    callable_object: expect.callable_object,
    script_reloading: expect.script_reloading,
  };
}

/** What a client sees of a resolution that runs no script, where files are served below the document root. */
function answered(resolution: Resolution): { status: number | null; location: string; reason: string } {
  switch (resolution.kind) {
    case 'script':
      return { status: 200, location: '', reason: `runs ${resolution.script}` };
    case 'refused': {
      const reason = /^(?:Target WSGI|Attempt to|AcceptPathInfo|Options ExecCGI|No WSGI)/.test(
        resolution.reason,
      );
      return {
        status: resolution.status,
        location: resolution.location ?? '',
        reason: reason ? resolution.reason : '',
      };
    }
    case 'declined': {
      const served = resolution.file === 'file' && resolution.pathInfo === '';
      return { status: served ? 200 : 404, location: '', reason: '' };
    }
  }
}

/** The refusal that mod_wsgi logged: its own text is compared, other modules' is not. */
function reasonOfLog(log: string[]): string {
  const line = log.find((one) => one.startsWith('[wsgi:error]'));
  return line === undefined ? '' : bytesOfLog(filled(line.slice('[wsgi:error] '.length)));
}

/** The script that the log says was run, although it said nothing of itself. */
function scriptOfLog(log: string[]): { script: string; callable?: string } | undefined {
  for (const line of log) {
    const lacks = /Target WSGI script '(.*)' does not contain WSGI application '(.*)'\./.exec(line);
    if (lacks?.[1] !== undefined && lacks[2] !== undefined)
      return { script: bytesOfLog(filled(lacks[1])), callable: bytesOfLog(lacks[2]) };
    const failed = /(?:Python script file|source file|WSGI script) '(.*?)'(?: ignored)?\.$/.exec(line)?.[1];
    if (failed !== undefined) return { script: bytesOfLog(filled(failed)) };
  }
  return undefined;
}

/** Logs write bytes that are no ASCII as `\xNN`. */
function bytesOfLog(text: string): string {
  return text.replace(/\\x([0-9a-f]{2})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)));
}

function isStatic(expect: VectorExpectation, { files }: RequestsVector): boolean {
  if (expect.body_is_file !== undefined) return true;
  return Object.values(files).some(
    (file) => typeof file !== 'string' && file.text !== undefined && file.text === expect.body,
  );
}

function put(files: MemoryFiles, path: string, file: VectorFile): void {
  const at = byteText(`${ROOT}/${path}`);
  if (typeof file === 'string') files.file(at, `role ${file}`);
  else if (file.symlink !== undefined) files.link(at, filled(file.symlink));
  else if (file.dir === true) files.directory(at, isSearchable(file.mode));
  else files.file(at, byteText(filled(file.text ?? `role ${file.role}`)));
}

function apply(files: MemoryFiles, change: VectorChange): void {
  const at = byteText(`${ROOT}/${change.path}`);
  switch (change.op) {
    case 'write':
      put(files, change.path, change);
      break;
    case 'delete':
      files.remove(at);
      break;
    case 'rename':
      files.rename(at, byteText(`${ROOT}/${change.to ?? ''}`));
      break;
    case 'chmod':
      // The mode of a script is the loader's matter.
      if (files.list(at) !== undefined) files.directory(at, isSearchable(change.mode));
      break;
    case 'touch':
    case 'graceful':
      break;
  }
}

function isSearchable(mode = '755'): boolean {
  return (Number(mode.at(-1)) & 1) === 1;
}

function filled(text: string): string {
  return text
    .replaceAll('{ROOT}', ROOT)
    .replaceAll('{PORT}', String(PORT))
    .replaceAll('{CONF}', CONF)
    .replaceAll('{WORK}', '/etc/vector')
    .replaceAll('{MODULES}', '/usr/lib/apache2/modules');
}

function different(actual: unknown, wanted: unknown): string | undefined {
  const [one, other] = [actual, wanted].map((value) => JSON.stringify(value));
  return one === other ? undefined : `${one}\n    instead of ${other}`;
}
