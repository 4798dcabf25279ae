import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { findByFilename } from '#lib/scripts/find-by-filename.js';
import { ScriptConnections } from '#lib/scripts/script-connections.js';
import type { ScriptFinder } from '#lib/scripts/script-request.js';
import { ConnectionsServer, type ServerOptions } from '../../support/connections-server.js';
import type { ReceivedResponse, RequestOptions, SendOptions } from '../../support/lsapi-client.js';

/** The package that serves them, for scripts to import. */
export const lsapi = JSON.stringify(pathToFileURL(join(import.meta.dirname, '../../../lib/index.js')).href);

export interface ScriptServerOptions extends ServerOptions {
  readonly find?: ScriptFinder;
}

/** Scripts of a document root of their own, served in this process. */
export class ScriptServer {
  /** The document root; its real name. */
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), 'lsapi-scripts-')));
  readonly server: ConnectionsServer<ScriptConnections>;

  constructor(
    files: Readonly<Record<string, string>>,
    { find = findByFilename(undefined), ...options }: ScriptServerOptions = {},
  ) {
    for (const [name, text] of Object.entries(files)) this.write(name, text);
    this.server = new ConnectionsServer((made) => new ScriptConnections(find, made), options);
  }

  get log(): string {
    return this.server.log.join('\n');
  }

  path(name: string): string {
    return join(this.root, name);
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), text);
    chmodSync(this.path(name), 0o644);
  }

  /** A request as a script handler's: `script` is the file's name in the document root, `info` what follows it. */
  async request(
    script: string,
    { info = '', env = {}, ...options }: RequestOptions & SendOptions & { info?: string } = {},
  ): Promise<ReceivedResponse> {
    return this.server.request({
      url: encodeURI(`/${script}${info}`),
      ...options,
      env: {
        DOCUMENT_ROOT: this.root,
        SCRIPT_FILENAME: Buffer.from(this.path(script)).toString('latin1'),
        SCRIPT_NAME: Buffer.from(`/${script}`).toString('latin1'),
        PATH_INFO: info === '' ? undefined : Buffer.from(info.replace(/\?.*/, '')).toString('latin1'),
        ...env,
      },
    });
  }

  close(): void {
    this.server.close();
    rmSync(this.root, { recursive: true });
  }
}

/**
 * Servers of the tests of the enclosing suite.
 *
 * @returns what starts one
 */
export function scriptServers(): (
  files: Readonly<Record<string, string>>,
  options?: ScriptServerOptions,
) => ScriptServer {
  const servers: ScriptServer[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });
  return (files, options) => {
    const server = new ScriptServer(files, options);
    servers.push(server);
    return server;
  };
}
