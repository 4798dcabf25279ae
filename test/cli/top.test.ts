import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { parseTopCommandLine, topHelpText } from '#lib/cli/top-command.js';
import { isLsapiError } from '#lib/errors.js';
import { lsnodes, main, rawApp } from './support/lsnode.js';
import { eventually } from '../process-group/support/group.js';

describe('lsnode top', () => {
  const start = lsnodes();
  const app = { 'app.mjs': rawApp(`response.send(200, null, 'x');`) };
  const terminals: ChildProcess[] = [];
  afterEach(() => {
    for (const terminal of terminals.splice(0)) terminal.kill('SIGKILL');
  });

  /** Runs lsnode top in a terminal of its own, of this size. */
  function inTerminal(
    size: string,
    ...argv: readonly string[]
  ): { terminal: ChildProcess; text: () => string } {
    const command = `stty ${size}; exec '${process.execPath}' '${main}' top ${argv.join(' ')}`;
    const terminal = spawn('script', ['-qfec', command, '/dev/null'], {
      env: { ...process.env, TERM: 'xterm' },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    terminals.push(terminal);
    let text = '';
    terminal.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
    return { terminal, text: () => text };
  }

  it('shows a running process in a terminal, orders by keys, and leaves the terminal as it was', async () => {
    const lsnode = start({ files: app });
    await (await lsnode.connect()).request();
    const { terminal, text } = inTerminal('cols 100 rows 10', String(lsnode.pid));
    await eventually('the process is shown', () =>
      new RegExp(`${lsnode.pid} ${lsnode.directory}.*1 requests`).test(text()),
    );
    assert.match(text(), /^\x1b\[\?1049h\x1b\[\?25l\x1b\[H/);
    assert.match(text(), /\[c cpu\]/);
    terminal.stdin?.write('m');
    await eventually('the order has changed', () => text().includes('[m memory]'));
    terminal.stdin?.write('q');
    assert.deepEqual(await once(terminal, 'exit'), [0, null]);
    assert.match(text(), /\x1b\[\?25h\x1b\[\?1049l\s*$/);
    for (const line of text().split('\r\n'))
      assert.ok([...line.replace(/\x1b\[[?\d]*\w/g, '')].length <= 200, line);
  });

  it('ends when what it shows has ended, and says so', async () => {
    const lsnode = start({ files: app });
    await (await lsnode.connect()).request();
    const { terminal, text } = inTerminal('cols 100 rows 10', String(lsnode.pid));
    await eventually('the process is shown', () => text().includes(lsnode.directory));
    lsnode.child.kill('SIGTERM');
    assert.deepEqual(await once(terminal, 'exit'), [1, null]);
    assert.match(text(), /\x1b\[\?1049l.*lsnode top: There is no process/s);
  });

  it('without a terminal prints one screen with --once, and otherwise tells of that', async () => {
    const lsnode = start({ files: app });
    await (await lsnode.connect()).request();
    const run = (...argv: string[]): { stdout: string; stderr: string; status: number | null } =>
      spawnSync(process.execPath, [main, 'top', String(lsnode.pid), ...argv], { encoding: 'utf8' });
    const shown = run('--once');
    assert.deepEqual([shown.stderr, shown.status], ['', 0]);
    assert.match(shown.stdout, new RegExp(`^lsnode top .*\n${lsnode.pid} ${lsnode.directory} .*1 requests`));
    const refused = run();
    assert.deepEqual([refused.stdout, refused.status], ['', 1]);
    assert.match(refused.stderr, /needs a terminal.*--once.*lsnode status --json.*\[LSAPI_ERR_OPTION\]/);
  });

  describe('its arguments', () => {
    const rejected: [argv: string[], message: RegExp][] = [
      [['--onc'], /Did you mean --once\?/],
      [['--once=1'], /takes no value/],
      [['--sort'], /--sort takes one of cpu, .* but got nothing/],
      [['--sort=size'], /but got "size"/],
      [['1', '2'], /Several targets/],
    ];
    for (const [argv, message] of rejected) {
      it(`not ${argv.join(' ')}`, () =>
        assert.throws(
          () => parseTopCommandLine(argv),
          (error) => isLsapiError(error, 'LSAPI_ERR_OPTION') && message.test(error.message),
        ));
    }

    it('--help is at most 80 columns wide', () => {
      for (const line of topHelpText().split('\n')) assert.ok(line.length <= 80, line);
    });
  });
});
