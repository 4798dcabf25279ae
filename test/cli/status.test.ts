import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  parseStatusCommandLine,
  statusCommand,
  statusHelpText,
  type StatusOutput,
} from '#lib/cli/status-command.js';
import { isLsapiError } from '#lib/errors.js';
import type { GroupStatus } from '#lib/status/index.js';
import { fakeProcs, unixLine } from '../status/support/fake-proc.js';
import { scoreboardBytes } from '../status/support/scoreboard-bytes.js';
import { lsnodes, main, rawApp } from './support/lsnode.js';

describe('lsnode status', () => {
  const fake = fakeProcs();

  function addGroup(pid: number, version = 2): void {
    const board = scoreboardBytes({ parentPid: pid, root: `/srv/${pid}`, version }, [{ pid: pid + 1 }]);
    fake().addProcess(pid, [fake().addScoreboard(board), `socket:[${pid}]`]);
  }

  const run = (...argv: string[]): Promise<StatusOutput> =>
    statusCommand(['--interval', '1', ...argv], { proc: fake().proc, width: 100 });

  describe('without a target', () => {
    it('shows all groups', async () => {
      addGroup(40);
      addGroup(60);
      const { stdout, stderr, exitCode } = await run();
      assert.match(
        stdout,
        /^Process group 40: \/srv\/40\n[^]*\n\nProcess group 60: \/srv\/60\n[^]*\nsum .*\n$/,
      );
      assert.deepEqual([stderr, exitCode], ['', 0]);
    });

    it('--json: an array', async () => {
      addGroup(40);
      addGroup(60);
      const { stdout, stderr, exitCode } = await run('--json');
      const groups = JSON.parse(stdout) as GroupStatus[];
      assert.deepEqual(
        groups.map(({ pid, children }) => [pid, children.map((child) => child.pid)]),
        [
          [40, [41]],
          [60, [61]],
        ],
      );
      assert.deepEqual([stderr, exitCode], ['', 0]);
    });

    it('exits with 1 where there is none, and says what is looked for', async () => {
      const { stdout, stderr, exitCode } = await run();
      assert.equal(stdout, '');
      assert.match(stderr, /^lsnode status: No lsnode is running .* \[LSAPI_ERR_STATUS_NO_GROUP\]\n$/);
      assert.equal(exitCode, 1);
    });

    it('--json: an empty array where there is none', async () => {
      const { stdout, stderr, exitCode } = await run('--json');
      assert.deepEqual(JSON.parse(stdout), []);
      assert.match(stderr, /LSAPI_ERR_STATUS_NO_GROUP/);
      assert.equal(exitCode, 1);
    });

    it('tells of a group that cannot be read, and shows the others', async () => {
      addGroup(40, 7);
      addGroup(60);
      const { stdout, stderr, exitCode } = await run();
      assert.match(stdout, /^Process group 60:/);
      assert.match(stderr, /^lsnode status: .*version is 7.*process 40\. \[LSAPI_ERR_STATUS_SCOREBOARD\]\n$/);
      assert.equal(exitCode, 1);
    });
  });

  describe('with a target', () => {
    beforeEach(() => {
      addGroup(40);
      addGroup(60);
      fake().setSockets('unix', [unixLine('/run/60.sock', 60)]);
    });

    it('shows that group', async () => {
      assert.match((await run('60')).stdout, /^Process group 60:/);
      assert.match((await run('/run/60.sock')).stdout, /^Process group 60:/);
    });

    it('--json: one object, wherever the option stands', async () => {
      for (const argv of [
        ['40', '--json'],
        ['--json', '40'],
      ]) {
        assert.equal((JSON.parse((await run(...argv)).stdout) as GroupStatus).pid, 40);
      }
    });

    it('exits with 1 where there is none; nothing is printed as if there were', async () => {
      for (const argv of [['50'], ['--json', '50']]) {
        const { stdout, stderr, exitCode } = await run(...argv);
        assert.deepEqual([stdout, exitCode], ['', 1]);
        assert.match(stderr, /^lsnode status: There is no process 50\..*\[LSAPI_ERR_STATUS_NO_GROUP\]\n$/);
      }
    });
  });

  describe('its arguments', () => {
    const rejected: [argv: string[], message: RegExp][] = [
      [['--jsn'], /Unknown option --jsn\. Did you mean --json\?/],
      [['-x'], /Unknown option -x\. lsnode status --help lists/],
      [['--interval'], /--interval takes milliseconds from 0 to 60000, but got nothing/],
      [['--interval=1s'], /but got "1s"/],
      [['--interval', '60001'], /but got "60001"/],
      [['--json=1'], /--json takes no value/],
      [['--constructor'], /Unknown option --constructor/],
      [['1', '2'], /Several targets are named, "1" and "2"/],
    ];
    for (const [argv, message] of rejected) {
      it(`not ${argv.join(' ')}`, () =>
        assert.throws(
          () => parseStatusCommandLine(argv),
          (error) => isLsapiError(error, 'LSAPI_ERR_OPTION') && message.test(error.message),
        ));
    }

    it('--help is at most 80 columns wide and names every option', async () => {
      const text = statusHelpText();
      assert.equal((await run('-h', '1')).stdout, text);
      for (const line of text.split('\n')) assert.ok(line.length <= 80, line);
      for (const option of ['--json', '--interval', '--help']) assert.ok(text.includes(option), option);
    });
  });

  describe('as a process', () => {
    const start = lsnodes();
    const status = (...argv: string[]): { stdout: string; stderr: string; status: number | null } =>
      spawnSync(process.execPath, [main, 'status', ...argv], { encoding: 'utf8' });

    it('prints its help', () => {
      const { stdout, stderr, status: code } = status('--help');
      assert.deepEqual([stdout, stderr, code], [statusHelpText(), '', 0]);
    });

    it('says that this process is no group', () => {
      const { stdout, stderr, status: code } = status(String(process.pid));
      assert.deepEqual([stdout, code], ['', 1]);
      assert.ok(
        stderr.startsWith(`lsnode status: Process ${process.pid} belongs to no process group.`),
        stderr,
      );
    });

    it('an app of that name is run as ./status', async () => {
      const lsnode = start({
        files: { 'status/app.mjs': rawApp(`response.end('the app');`) },
        args: ['./status'],
      });
      assert.equal((await (await lsnode.connect()).request()).text, 'the app');
    });
  });
});
