// Configuration trees of OpenLiteSpeed, written from its documented format; there is no such server here.
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { main } from '../../cli/support/lsnode.js';

/** As it is shipped: tabs, trailing blanks, `{` without a blank before it, mixed case. */
export const SERVER_CONFIG = `#
# PLAIN TEXT CONFIGURATION FILE
#
serverName \t
user                             nobody
group                            nogroup
httpdWorkers                     1

errorlog logs/error.log {
        logLevel             DEBUG
        rollingSize          10M
}

tuning{
    maxConnections               10000
    connTimeout                  300 \t
}

accessControl{
\tallow                                   ALL
\tdeny
}

extProcessor lsphp{
    type                            lsapi
    address                         uds://tmp/lshttpd/lsphp.sock
    maxConns                        10
    env                             PHP_LSAPI_CHILDREN=10
    env                             LSAPI_AVOID_FORK=200M
    initTimeout                     60
    autoStart                       1
    path                            fcgi-bin/lsphp
    instances                       1
}

scriptHandler{
    add lsapi:lsphp  php
}

virtualHost shop{
    vhRoot                   shop/
    allowSymbolLink          1
    enableScript             1
    restrained               1
    setUIDMode               0
    configFile               conf/vhosts/shop/vhconf.conf
}

listener Default{
    address                  *:8088
    secure                   0
    map                      shop *
}
`;

export const HOST_CONFIG = `docRoot                   $VH_ROOT/html/
enableGzip                1

context /docs/{
  allowBrowse 1
  location $SERVER_ROOT/docs/
}

rewrite  {
  enable                  1
  rules                   <<<END_rules
RewriteCond %{HTTP_HOST} ^www\\.(.*)$ [NC]
RewriteRule ^(.*)$ https://%1/$1 [R=301,L]
  END_rules
}

errorPage 404{
  url /error404.html
}
`;

/** An installation of a server, and an app beside it. */
export class FakeServer {
  readonly directory = realpathSync(mkdtempSync(join(tmpdir(), 'lsnode-install-')));
  readonly root = join(this.directory, 'lsws');
  readonly app = join(this.directory, 'shop app');

  constructor(config = SERVER_CONFIG, host = HOST_CONFIG) {
    // Others may look into it: the server is nobody.
    chmodSync(this.directory, 0o755);
    this.write('lsws/conf/httpd_config.conf', config);
    this.write('lsws/conf/vhosts/shop/vhconf.conf', host);
    this.write('lsws/fcgi-bin/lsphp', '#!/bin/sh\n', 0o755);
    this.write('lsws/shop/html/index.html', 'hello');
    this.write('shop app/package.json', '{ "type": "module" }');
    this.write('shop app/app.js', APP);
    mkdirSync(join(this.app, 'tmp'));
  }

  get hostConfig(): string {
    return this.read('lsws/conf/vhosts/shop/vhconf.conf');
  }
  set hostConfig(text: string) {
    this.write('lsws/conf/vhosts/shop/vhconf.conf', text);
  }
  get config(): string {
    return this.read('lsws/conf/httpd_config.conf');
  }
  set config(text: string) {
    this.write('lsws/conf/httpd_config.conf', text);
  }

  /** Names are relative to the directory; bytes are latin1. */
  write(name: string, text: string, mode = 0o644): string {
    const path = join(this.directory, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, 'latin1');
    chmodSync(path, mode);
    return path;
  }

  read(name: string): string {
    return readFileSync(join(this.directory, name), 'latin1');
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

const APP = `import { createServer } from 'node:http';
createServer((request, response) => response.end('ok')).listen(3000);
`;

/** How a command went. */
export interface Run {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
}

/** Runs `lsnode` to its end. */
export async function lsnode(
  args: readonly string[],
  options: { cwd?: string; env?: Readonly<Record<string, string>>; wrap?: readonly string[] } = {},
): Promise<Run> {
  const { cwd, env = {}, wrap = [] } = options;
  const [file = '', ...parameters] = [...wrap, process.execPath, main, ...args];
  const child = spawn(file, parameters, {
    cwd,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('latin1').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('latin1').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { stdout, stderr, code };
}
