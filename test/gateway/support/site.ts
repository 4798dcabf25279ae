import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** The files of the recorded server's document root that vectors refer to. */
const SCRIPTS = ['t.lsjs', 'café.lsjs', 'sub/deep/script.lsjs', 'idx/index.lsjs', 'name with space.lsjs'];

/** A document root like the recorded one, in a temporary directory. */
export class Site {
  readonly root: string;

  constructor() {
    this.root = mkdtempSync(join(tmpdir(), 'lsapi-site-'));
    for (const script of SCRIPTS) this.add(script, '');
    this.add('file.txt', 'hello-static\n');
  }

  add(path: string, content: string | Uint8Array): void {
    const file = join(this.root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** What the recorded server was configured with, as far as a gateway can be. */
export function recordedMapping(site: Site) {
  return { documentRoot: site.root, scriptSuffixes: ['.lsjs'], contexts: [{ uri: '/app/' }] };
}
