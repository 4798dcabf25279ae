import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { nodeApp, lsnodes } from '../cli/support/lsnode.js';
import { app, askOnce } from '../process-group/support/group.js';
import { lsnodeIn, type Mode } from './support/modes.js';

const PERMISSIONS = 0o777;
const GROUP: Mode = { name: 'a process group', env: { LSAPI_CHILDREN: '2' }, isGroup: true };

/** Paths in /proc of a process's descriptors whose target matches. */
function descriptors(pid: number, target: RegExp): string[] {
  return readdirSync(`/proc/${pid}/fd`)
    .map((fd) => `/proc/${pid}/fd/${fd}`)
    .filter((path) => {
      try {
        return target.test(readlinkSync(path));
      } catch {
        return false; // closed meanwhile
      }
    });
}

describe('Isolation: what other users can reach', () => {
  describe('of a process group', () => {
    const running = lsnodeIn(GROUP, { files: { 'app.mjs': app() } });

    it('is not the scoreboard: its memory has no name and belongs to its user alone', () => {
      const scoreboards = descriptors(running().pid, /^\/memfd:lsnode-scoreboard \(deleted\)$/);
      assert.equal(scoreboards.length, 1);
      const { mode, uid } = statSync(scoreboards[0] ?? '');
      assert.deepEqual([mode & PERMISSIONS, uid], [0o600, process.getuid?.()]);
    });

    it('is no line between parent and children: these sockets have no name', async () => {
      await askOnce(running());
      const sockets = descriptors(running().pid, /^socket:/).map((path) => readlinkSync(path));
      const inodes = new Set(sockets.map((link) => /\d+/.exec(link)?.[0]));
      // Num RefCount Protocol Flags Type St Inode Path
      const names = readFileSync('/proc/net/unix', 'latin1')
        .split('\n')
        .map((line) => line.trim().split(/\s+/))
        .filter((fields) => inodes.has(fields[6]))
        .flatMap((fields) => fields.slice(7));
      assert.deepEqual([...new Set(names)], [running().socketPath]);
    });

    it('is nothing but what the app and the server make: it leaves no file', () => {
      assert.deepEqual(readdirSync(running().directory).sort(), ['app.mjs', 'server.sock']);
    });
  });

  describe('of sockets with a name', () => {
    const start = lsnodes();
    const files = { 'app.js': nodeApp("res.end('served')") };

    it('is what the umask allows: who may write to the file may connect', async () => {
      const lsnode = start({
        files,
        stdin: 'none',
        args: ['--bind', './app.sock'],
        wrap: (command) => ['sh', '-c', 'umask 0007; exec "$@"', 'sh', ...command],
      });
      await lsnode.printed(/serving/);
      assert.equal(statSync(join(lsnode.directory, 'app.sock')).mode & PERMISSIONS, 0o770);
    });

    it('is not the one between the gateway and its app: its directory belongs to one user alone', async () => {
      const lsnode = start({
        files: { ...files, 'tmp/.keep': '' },
        stdin: 'none',
        args: ['--http', '127.0.0.1:0'],
        wrap: (command) => ['sh', '-c', 'umask 0; TMPDIR=$PWD/tmp exec "$@"', 'sh', ...command],
      });
      await lsnode.printed(/http:\/\/127/);
      const [directory = ''] = readdirSync(join(lsnode.directory, 'tmp')).filter((name) => name !== '.keep');
      assert.equal(statSync(join(lsnode.directory, 'tmp', directory)).mode & PERMISSIONS, 0o700);
    });
  });
});
