import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { detachedProcess } from '#lib/install/detached.js';
import { readServerTree, serverWorkers } from '#lib/install/server-tree.js';
import { FakeServer, SERVER_CONFIG } from './support/server.js';

describe('Apps that outlive the server', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'lsnode-detached-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  /** As OpenLiteSpeed 1.9.1 writes it: inode, time of the socket, process, time of the command. */
  function keep(pid: number): string {
    const record = Buffer.alloc(32);
    record.writeBigUInt64LE(1234n, 0);
    record.writeBigUInt64LE(1_795_888_894n, 8);
    record.writeInt32LE(pid, 16);
    record.writeInt32LE(1_795_888_000, 24);
    const socket = join(directory, 'app.sock');
    writeFileSync(`${socket}.pid`, record);
    return socket;
  }

  it('are found by what the server keeps beside their socket', async () => {
    const script = 'process.title = "lsnode:/srv/shop"; console.log(1); setInterval(() => {}, 1000)';
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await once(child.stdout, 'data');
      const socket = keep(child.pid ?? 0);
      assert.equal(detachedProcess(socket), child.pid);
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('are not what has another name, or no record', () => {
    assert.equal(detachedProcess(keep(process.pid)), undefined);
    assert.equal(detachedProcess(keep(-1)), undefined);
    assert.equal(detachedProcess(join(directory, 'none.sock')), undefined);
  });
});

describe('Worker processes of the server', () => {
  it('are what httpdWorkers says, or one for each processor, eight at most', () => {
    const server = new FakeServer(SERVER_CONFIG.replace(/httpdWorkers +1/, 'httpdWorkers 12'));
    try {
      assert.equal(serverWorkers(readServerTree(server.root)), 12);
      server.config = SERVER_CONFIG.replace(/httpdWorkers.*\n/, '');
      assert.equal(serverWorkers(readServerTree(server.root)), Math.min(8, cpus().length));
    } finally {
      server.remove();
    }
  });
});
