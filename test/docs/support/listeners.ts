// Which sockets listen in the network namespace of a process: proc_pid_net(5).
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

const TCP_LISTEN = '0A';
/** `__SO_ACCEPTCON` of a Unix socket's flags. */
const ACCEPTS_CONNECTIONS = 0x10000;

/** Ports of TCP, as `:PORT`, and paths of Unix sockets. */
export function listeners(pid: number): string[] {
  const tcp = ['tcp', 'tcp6'].flatMap((name) =>
    rows(pid, name)
      .filter(([, , , state]) => state === TCP_LISTEN)
      .map(([, local = '']) => `:${parseInt(local.slice(local.lastIndexOf(':') + 1), 16)}`),
  );
  const unix = rows(pid, 'unix')
    .filter(([, , , flags = '']) => (parseInt(flags, 16) & ACCEPTS_CONNECTIONS) !== 0)
    .map((columns) => columns[7] ?? '');
  return [...tcp, ...unix];
}

/** Whether one of them is this address: `HOST:PORT`, `PORT` or a path, which may be relative. */
export function isListening(among: readonly string[], address: string): boolean {
  const port = /(?:^|:)(\d+)$/.exec(address)?.[1];
  if (port !== undefined) return among.includes(`:${port}`);
  return among.some((path) => basename(path) === basename(address));
}

/** The addresses that a command says it will listen at. */
export function addressesOf(command: string): string[] {
  const options = command.matchAll(/--(?:http|bind|listen)[ =]['"]?([^\s'"]+)/g);
  const ports = command.matchAll(/\bPORT=(\d+)/g);
  return [...options, ...ports].map(([, address = '']) =>
    address.replace(/^(?:unix|uds|tcp):\/*(?=\/|[^/])/, ''),
  );
}

function rows(pid: number, name: string): string[][] {
  const [, ...lines] = readFileSync(`/proc/${pid}/net/${name}`, 'utf8').trimEnd().split('\n');
  return lines.map((line) => line.trim().split(/\s+/));
}
