import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { isLsapiError, type LsapiErrorCode } from '#lib/errors.js';
import { findGroup, findGroups } from '#lib/status/find-groups.js';
import { fakeProcs, tcpLine, unixLine, type FakeProc } from './support/fake-proc.js';
import { scoreboardBytes, type HeaderFields } from './support/scoreboard-bytes.js';

describe('finding process groups', () => {
  const fake = fakeProcs();

  /** A group whose children have the process ids behind its own. */
  function addGroup(
    pid: number,
    childCount = 2,
    header: HeaderFields = {},
    links: readonly string[] = [],
  ): void {
    const children = Array.from({ length: childCount }, (_, index) => pid + 1 + index);
    const board = fake().addScoreboard(
      scoreboardBytes(
        { parentPid: pid, root: `/srv/${pid}`, ...header },
        children.map((child) => ({ pid: child })),
      ),
    );
    fake().addProcess(pid, [board, ...links]);
    for (const child of children) fake().addProcess(child, [board]);
  }

  const all = (): number[] => findGroups(fake()).map(({ snapshot }) => snapshot.parentPid);
  const find = (target: number | string): number => findGroup(target, fake()).snapshot.parentPid;
  const rejects = (target: number | string, code: LsapiErrorCode, message: RegExp): void => {
    assert.throws(
      () => find(target),
      (error) => {
        assert.ok(isLsapiError(error), String(error));
        assert.equal(error.code, code);
        assert.match(error.message, message);
        return true;
      },
    );
  };

  describe('all of them', () => {
    it('none where no process has a scoreboard', () => {
      fake().addProcess(10, ['/memfd:something-else (deleted)', 'socket:[5]']);
      assert.deepEqual(all(), []);
    });

    it('each once, by process id, however many processes hold its scoreboard', () => {
      addGroup(300);
      addGroup(40, 3);
      fake().addProcess(50, ['socket:[5]']);
      assert.deepEqual(all(), [40, 300]);
      assert.deepEqual(findGroups(fake())[0]?.holders, [40, 41, 42, 43]);
    });

    it('not one whose parent is gone', () => {
      addGroup(40);
      fake().end(40);
      assert.deepEqual(all(), []);
    });

    it('not one whose parent’s process id belongs to somebody else by now', () => {
      addGroup(40);
      fake().end(40);
      fake().addProcess(40, ['socket:[5]']);
      assert.deepEqual(all(), []);
    });

    it('those of other versions are told, and the others found', () => {
      addGroup(40, 1, { version: 99 });
      addGroup(60);
      const unreadable: string[] = [];
      const found = findGroups({
        ...fake(),
        proc: fake().proc,
        onUnreadable: ({ message }) => unreadable.push(message),
      });
      assert.deepEqual(
        found.map(({ snapshot }) => snapshot.parentPid),
        [60],
      );
      assert.equal(unreadable.length, 1);
      assert.match(unreadable[0] ?? '', /version is 99.* It is that of processes 40, 41\.$/);
    });

    it('a pipe or a directory of the name keeps nobody waiting', () => {
      const names = ['one', 'two'].map((name) => join(fake().directory, name, 'memfd:lsnode-scoreboard'));
      for (const name of names) mkdirSync(join(name, '..'));
      const [pipe = '', directory = ''] = names;
      execFileSync('mkfifo', [pipe]);
      mkdirSync(directory);
      fake().addProcess(40, names);
      assert.deepEqual(all(), []);
    });
  });

  describe('by process id', () => {
    beforeEach(() => {
      addGroup(40);
      addGroup(60);
    });

    it('of the parent', () => assert.equal(find(40), 40));
    it('of a child', () => assert.equal(find(62), 60));
    it('as text', () => assert.equal(find(' 41 '), 40));

    it('not of a process that is none', () =>
      rejects(77, 'LSAPI_ERR_STATUS_NO_GROUP', /There is no process 77\..*without a target lists all/));

    it('not of a process without a group', () => {
      fake().addProcess(70);
      rejects(
        '70',
        'LSAPI_ERR_STATUS_NO_GROUP',
        /Process 70 belongs to no process group.*Every lsnode that serves/,
      );
    });

    it('not of a child that its parent has left', () => {
      fake().end(60);
      rejects(61, 'LSAPI_ERR_STATUS_NO_GROUP', /Process 61 belonged .* its parent, process 60, is gone/);
    });

    it('not of a process that may not be looked at', () => {
      mkdirSync(join(fake().proc, '80')); // without the directory of its descriptors: what EACCES comes to
      rejects(80, 'LSAPI_ERR_STATUS_NO_GROUP', /Process 80 may not be looked at/);
    });

    it('not of another version', () => {
      addGroup(90, 0, { version: 3 });
      rejects(90, 'LSAPI_ERR_STATUS_SCOREBOARD', /version is 3/);
    });

    for (const pid of [0, -5, 1.5, Number.NaN, 5_000_000, '0', '99999999999'])
      it(`not of ${pid}, which no process can have`, () =>
        rejects(pid, 'LSAPI_ERR_STATUS_TARGET', /is no process id; they go from 1 to 4194304/));
  });

  describe('by Unix socket', () => {
    const socketOf = (proc: FakeProc): string => join(proc.directory, 'app.sock');

    it('that the parent holds, although the server holds it too', () => {
      const path = socketOf(fake());
      fake().setSockets('unix', [unixLine('/other.sock', 4), unixLine(path, 5)]);
      fake().addProcess(9, ['socket:[5]']);
      addGroup(40, 2, {}, ['socket:[4]']);
      addGroup(60, 2, {}, ['socket:[5]']);
      assert.equal(find(path), 60);
      assert.equal(find(`uds:/${path}`), 60);
    });

    it('by way of a link', () => {
      const path = socketOf(fake());
      writeFileSync(path, '');
      symlinkSync(fake().directory, join(fake().directory, 'link'));
      fake().setSockets('unix', [unixLine(path, 5)]);
      addGroup(40, 0, {}, ['socket:[5]']);
      assert.equal(find(join(fake().directory, 'link', 'app.sock')), 40);
    });

    it('not by one that is only connected', () => {
      const path = socketOf(fake());
      fake().setSockets('unix', [unixLine(path, 5, false)]);
      addGroup(40, 0, {}, ['socket:[5]']);
      rejects(path, 'LSAPI_ERR_STATUS_NO_GROUP', /^Nothing listens on .*app\.sock\. Give the address/);
    });

    it('not where only the server has it', () => {
      const path = socketOf(fake());
      fake().setSockets('unix', [unixLine(path, 5)]);
      fake().addProcess(9, ['socket:[5]']);
      rejects(path, 'LSAPI_ERR_STATUS_NO_GROUP', /app\.sock is open, but no process group/);
    });

    it('the one that stays where one replaces the other', () => {
      const path = socketOf(fake());
      fake().setSockets('unix', [unixLine(path, 5)]);
      addGroup(40, 1, { state: 'stopping' }, ['socket:[5]']);
      addGroup(60, 1, {}, ['socket:[5]']);
      assert.equal(find(path), 60);
    });

    it('not where two groups serve one socket', () => {
      const path = socketOf(fake());
      fake().setSockets('unix', [unixLine(path, 5)]);
      for (const pid of [40, 60]) addGroup(pid, 1, {}, ['socket:[5]']);
      rejects(path, 'LSAPI_ERR_STATUS_TARGET', /Several groups serve .*: processes 40, 60\. Name one/);
    });

    it('says so where the group is of another version', () => {
      const path = socketOf(fake());
      fake().setSockets('unix', [unixLine(path, 5)]);
      addGroup(40, 1, { version: 3 }, ['socket:[5]']);
      rejects(path, 'LSAPI_ERR_STATUS_SCOREBOARD', /version is 3/);
    });
  });

  describe('by TCP port', () => {
    beforeEach(() => {
      fake().setSockets('tcp', [
        tcpLine('0100007F:2328', 5), // 127.0.0.1:9000
        tcpLine('0100007F:2329', 6, '01'), // connected
        tcpLine('00000000:232A', 7), // *:9002
      ]);
      fake().setSockets('tcp6', [
        tcpLine('00000000000000000000000001000000:232B', 8), // [::1]:9003
        tcpLine('B80D0120000000000000000067452301:232C', 9), // [2001:db8::123:4567]:9004
      ]);
      for (const inode of [5, 6, 7, 8, 9]) addGroup(inode * 10, 0, {}, [`socket:[${inode}]`]);
    });

    const rows: [target: string, pid: number][] = [
      ['127.0.0.1:9000', 50],
      ['localhost:9000', 50],
      ['9000', 50],
      ['10.1.2.3:9002', 70],
      ['*:9002', 70],
      ['[::1]:9003', 80],
      ['[2001:DB8:0::123:4567]:9004', 90],
    ];
    for (const [target, pid] of rows) it(target, () => assert.equal(find(target), pid));

    for (const target of ['10.1.2.3:9000', '127.0.0.1:9001', '[::1]:9000', '[::1]:9002'])
      it(`not ${target}, where nothing listens`, () =>
        rejects(target, 'LSAPI_ERR_STATUS_NO_GROUP', /Nothing listens on/));

    it('a bare number is a process first', () => {
      addGroup(9000, 0);
      assert.equal(find('9000'), 9000);
    });

    it('a number that is neither is spoken of as a process', () =>
      rejects('9009', 'LSAPI_ERR_STATUS_NO_GROUP', /There is no process 9009/));
  });

  describe('by what is no target', () => {
    const rows: [target: string, message: RegExp][] = [
      ['', /is empty/],
      ['shop', /"shop" is neither a process id nor the address of a socket\..*\.\/shop/],
      ['/run/', /names a directory/],
      ['127.0.0.1:99999', /Ports go from 1/],
      ['example.org:9000', /hosts are not looked up.*localhost:9000/],
      ['http://x/', /http:\/\/, which is no form/],
    ];
    for (const [target, message] of rows)
      it(JSON.stringify(target), () => rejects(target, 'LSAPI_ERR_STATUS_TARGET', message));
  });

  describe('in the real /proc', () => {
    /** What is said of a socket that this process listens on. */
    async function complaint(listen: (server: Server) => Promise<string>): Promise<unknown> {
      const server = createServer();
      try {
        return findGroup(await listen(server));
      } catch (error) {
        return error;
      } finally {
        server.close();
      }
    }

    it('a Unix socket is found, and that no group serves it', async () => {
      const path = join(fake().directory, 'real.sock');
      const error = await complaint(async (server) => {
        await once(server.listen(path), 'listening');
        return path;
      });
      assert.ok(isLsapiError(error, 'LSAPI_ERR_STATUS_NO_GROUP'), String(error));
      assert.ok(error.message.startsWith(`${path} is open, but no process group`), error.message);
    });

    it('a TCP socket is found, and that no group serves it', async () => {
      const error = await complaint(async (server) => {
        await once(server.listen(0, '127.0.0.1'), 'listening');
        return `127.0.0.1:${(server.address() as AddressInfo).port}`;
      });
      assert.ok(isLsapiError(error, 'LSAPI_ERR_STATUS_NO_GROUP'), String(error));
      assert.match(error.message, /^127\.0\.0\.1:\d+ is open, but no process group/);
    });

    it('this process belongs to no group', () => {
      assert.throws(
        () => findGroup(process.pid),
        (error) => isLsapiError(error, 'LSAPI_ERR_STATUS_NO_GROUP') && / belongs to no /.test(error.message),
      );
    });
  });
});
