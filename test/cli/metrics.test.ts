import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { metricsHelpText, parseMetricsCommandLine } from '#lib/cli/metrics-command.js';
import { isLsapiError } from '#lib/errors.js';
import { parseExposition, valueOf } from '../metrics/support/parse-exposition.js';
import { lsnodes, main, rawApp } from './support/lsnode.js';

describe('lsnode metrics', () => {
  const start = lsnodes();
  let server: ChildProcess | undefined;
  afterEach(() => server?.kill('SIGKILL'));

  it('prints those of a process, and serves them on a Unix socket until it is stopped', async () => {
    const lsnode = start({ files: { 'app.mjs': rawApp(`response.send(204, null, '');`) } });
    await (await lsnode.connect()).request();
    const printed = spawnSync(process.execPath, [main, 'metrics', String(lsnode.pid)], { encoding: 'utf8' });
    assert.deepEqual([printed.stderr, printed.status], ['', 0]);
    const labels = { pid: String(lsnode.pid), root: lsnode.directory };
    assert.equal(valueOf(parseExposition(printed.stdout), 'lsnode_requests_total', labels), 1);

    const socketPath = join(lsnode.directory, 'metrics.sock');
    server = spawn(process.execPath, [main, 'metrics', '--listen', `unix:${socketPath}`], {
      stdio: ['ignore', 'inherit', 'pipe'],
    });
    const [line] = (await once(server.stderr!, 'data')) as [Buffer];
    assert.equal(String(line), `lsnode metrics: serving on ${socketPath}\n`);
    const [response] = (await once(get({ socketPath, path: '/metrics', agent: false }), 'response')) as [
      IncomingMessage,
    ];
    let text = '';
    for await (const chunk of response) text += String(chunk);
    const metrics = parseExposition(text);
    assert.equal(valueOf(metrics, 'lsnode_responses_total', { ...labels, status: '2xx' }), 1);
    assert.equal(valueOf(metrics, 'lsnode_info', { ...labels, mode: 'worker' }), 1);
    server.kill('SIGTERM');
    assert.deepEqual(await once(server, 'exit'), [0, null]);
  });

  it('tells of a target that does not exist', () => {
    const { stdout, stderr, status } = spawnSync(process.execPath, [main, 'metrics', '4194304'], {
      encoding: 'utf8',
    });
    assert.deepEqual([stdout, status], ['', 1]);
    assert.match(stderr, /^lsnode metrics: There is no process 4194304\..*\[LSAPI_ERR_STATUS_NO_GROUP\]\n$/);
  });

  const rejected: [argv: string[], message: RegExp][] = [
    [['--listn', 'x'], /Did you mean --listen\?/],
    [['--listen'], /--listen needs a value/],
    [['--once', '--listen', '9464'], /choose one/],
    [['--token-file', 'x'], /give --listen, too/],
    [['1', '2'], /Several targets/],
  ];
  for (const [argv, message] of rejected) {
    it(`does not take ${argv.join(' ')}`, () =>
      assert.throws(
        () => parseMetricsCommandLine(argv),
        (error) => isLsapiError(error, 'LSAPI_ERR_OPTION') && message.test(error.message),
      ));
  }

  it('--help is at most 80 columns wide', () => {
    for (const line of metricsHelpText().split('\n')) assert.ok(line.length <= 80, line);
  });
});
