import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

/** A file of a vector: `role`, `role@version`, or what it is. */
export type VectorFile =
  string | { role?: string; text?: string; symlink?: string; dir?: boolean; mtime?: string; mode?: string };

/** What is done to a file before a request. */
export interface VectorChange {
  op: 'write' | 'delete' | 'touch' | 'chmod' | 'rename' | 'graceful';
  path: string;
  to?: string;
  role?: string;
  text?: string;
  symlink?: string;
  dir?: boolean;
  mode?: string;
}

/** What was observed. Environ values hold one character a byte. */
export interface VectorExpectation {
  status: number | null;
  SCRIPT_NAME?: string;
  PATH_INFO?: string;
  SCRIPT_FILENAME?: string;
  PATH_TRANSLATED?: string | null;
  application_group?: string;
  callable_object?: string;
  script_reloading?: string;
  headers?: Record<string, string>;
  body?: string | null;
  body_is_file?: string;
  apache_error_page?: boolean;
  log?: string[];
}

export interface VectorRequest {
  method: string;
  url: string;
  version: string;
  headers: [string, string][];
  before?: VectorChange[];
  expect: VectorExpectation;
}

export interface RequestsVector {
  id: string;
  kind: 'requests';
  config: string;
  files: Record<string, VectorFile>;
  environment?: Record<string, string>;
  startup_log?: string[];
  requests: VectorRequest[];
}

export interface ConfigVector {
  id: string;
  kind: 'config-ok' | 'config-error';
  config: string;
  expect: { exit: number; output: string[] };
}

/** Recorded answers of Apache with mod_wsgi. */
export interface ModWsgiVectors {
  base_config: string;
  vectors: (RequestsVector | ConfigVector)[];
}

/**
 * The recording: from the directory that `TEST_MODWSGI_VECTORS` names, else from `../shared/modwsgi` beside the
 * checkout, else the packed copy in `test/vectors`.
 */
export function modWsgiVectors(): ModWsgiVectors {
  const root = packageRoot();
  const path = join(process.env.TEST_MODWSGI_VECTORS ?? join(root, '../shared/modwsgi'), 'vectors.json');
  const text = existsSync(path)
    ? readFileSync(path)
    : gunzipSync(readFileSync(join(root, 'test/vectors/modwsgi.json.gz')));
  return JSON.parse(text.toString('utf8')) as ModWsgiVectors;
}

function packageRoot(): string {
  let dir = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(dir, 'package.json'))) dir = dirname(dir);
  return dir;
}
