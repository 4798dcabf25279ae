// A /proc of our own: the tests' processes, descriptors and sockets, as the files of proc(5) show them.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a process uses, in the units of the files. */
export interface FakeUsage {
  readonly userTicks: number;
  readonly systemTicks: number;
  readonly threads: number;
  readonly rssKib: number;
  readonly pssKib: number;
  readonly privateCleanKib: number;
  readonly privateDirtyKib: number;
}

/** A directory that is like /proc. */
export class FakeProc {
  readonly directory = realpathSync(mkdtempSync(join(tmpdir(), 'lsapi-proc-')));
  readonly proc = join(this.directory, 'proc');
  #files = 0;
  #descriptors = 10;

  constructor() {
    mkdirSync(join(this.proc, 'net'), { recursive: true });
  }

  /** A process that holds what the links say. */
  addProcess(pid: number, links: readonly string[] = []): void {
    mkdirSync(join(this.proc, String(pid), 'fd'), { recursive: true });
    for (const link of ['/dev/null', ...links])
      symlinkSync(link, join(this.proc, String(pid), 'fd', String(this.#descriptors++)));
  }

  /** A memory file; returns the link to it. */
  addScoreboard(bytes: Uint8Array): string {
    const directory = join(this.directory, String(this.#files++));
    mkdirSync(directory);
    const path = join(directory, 'memfd:lsnode-scoreboard (deleted)');
    writeFileSync(path, bytes);
    return path;
  }

  end(pid: number): void {
    rmSync(join(this.proc, String(pid)), { recursive: true });
  }

  setUsage(pid: number, usage: FakeUsage, name = 'node'): void {
    const { userTicks, systemTicks, threads } = usage;
    writeFileSync(
      join(this.proc, String(pid), 'stat'),
      `${pid} (${name}) S 1 ${pid} ${pid} 0 -1 4194560 10 20 30 40 ${userTicks} ${systemTicks} 5 6 20 0 ${threads} 0 99 1000 2000\n`,
    );
    writeFileSync(
      join(this.proc, String(pid), 'smaps_rollup'),
      `00400000-7fff00000000 ---p 00000000 00:00 0                          [rollup]
Rss:               ${usage.rssKib} kB
Pss:                ${usage.pssKib} kB
Pss_Dirty:          77777 kB
Shared_Clean:       88888 kB
Private_Clean:      ${usage.privateCleanKib} kB
Private_Dirty:      ${usage.privateDirtyKib} kB
`,
    );
  }

  /** `lines` follow the heading of the table. */
  setSockets(table: 'unix' | 'tcp' | 'tcp6', lines: readonly string[]): void {
    writeFileSync(join(this.proc, 'net', table), ['heading', ...lines, ''].join('\n'));
  }

  remove(): void {
    rmSync(this.directory, { recursive: true });
  }
}

/** A line of /proc/net/unix. */
export function unixLine(path: string, inode: number, listening = true): string {
  const flags = listening ? '00010000' : '00000000';
  return `0000000000000000: 00000002 00000000 ${flags} 0001 ${listening ? '01' : '03'} ${inode} ${path}`;
}

/** A line of /proc/net/tcp or tcp6; `local` as the kernel writes it. */
export function tcpLine(local: string, inode: number, state = '0A'): string {
  return `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  1000        0 ${inode} 1 0000000000000000 100 0 0 10 0`;
}

/** The fake /proc of each test in the enclosing suite. */
export function fakeProcs(): () => FakeProc {
  let current: FakeProc;
  beforeEach(() => (current = new FakeProc()));
  afterEach(() => current.remove());
  return () => current;
}
