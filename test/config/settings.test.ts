import assert from 'node:assert/strict';
import fc from 'fast-check';
import { formatSettings, readSettings } from '#lib/config/settings.js';
import type { SettingName, Settings, SettingsContext } from '#lib/config/settings.js';
import { FOREIGN_VARIABLES, SETTING_NAMES, VARIABLES } from '#lib/config/variable-table.js';

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;

/** The defaults of an empty environment, as documented. */
const DEFAULTS: Settings = {
  children: 0,
  avoidFork: { enabled: false, minFreeMemory: GIB },
  extraChildren: 0,
  maxRequests: 10_000,
  maxIdle: 300,
  maxIdleChildren: 1,
  maxProcessTime: 3600,
  groupMaxIdle: 0,
  checkParent: true,
  allowCoreDump: false,
  keepListen: 1,
  acceptNotify: false,
  maxBusyWorker: -1,
  slowRequest: 0,
  stderrLog: undefined,
  dumpDebugInfo: false,
  root: undefined,
  startupFile: undefined,
  port: undefined,
  scriptRoots: undefined,
  socket: undefined,
  consoleLog: undefined,
  stderr: 'log',
  maxPacket: 262_144,
  packetTimeout: 30,
  bodyTimeout: 300,
  tcpTimeout: 60,
  grace: 30,
  stackAfter: 0,
  fork: 'auto',
  concurrency: 1,
  preload: 'auto',
  maxMemory: 0,
  secret: undefined,
  minUid: 100,
  minGid: 100,
  chroot: undefined,
  lve: 0,
};

type Environ = Record<string, string>;

/** Environment, and the settings that differ from the defaults because of it. */
type Row = [environ: Environ, expected: Partial<Settings>];

function describeRow(environ: Environ): string {
  const text = Object.entries(environ)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
  return text === '' ? 'an empty environment' : text;
}

function accepts(rows: Row[], context?: SettingsContext): void {
  for (const [environ, expected] of rows) {
    it(`${describeRow(environ)} → ${JSON.stringify(expected)}`, () => {
      const { settings, warnings } = readSettings(environ, context);
      assert.deepEqual(settings, { ...DEFAULTS, ...expected });
      assert.deepEqual(warnings, []);
    });
  }
}

describe('settings from the environment', () => {
  it('are the documented defaults where nothing is set', () => {
    const { settings, sources, warnings } = readSettings({});
    assert.deepEqual(settings, DEFAULTS);
    assert.deepEqual(warnings, []);
    for (const name of SETTING_NAMES) assert.deepEqual(sources[name], { kind: 'default' }, name);
  });

  it('leave the environment as it is', () => {
    const environ = Object.freeze({ LSAPI_CHILDREN: '5', LSAPI_MAX_IDLE: 'x' });
    assert.equal(readSettings(environ).settings.children, 5);
  });

  describe('limits of processes', () => {
    accepts([
      [{ LSAPI_CHILDREN: '1' }, { children: 1 }],
      [{ LSAPI_CHILDREN: '35' }, { children: 35, extraChildren: 11, maxIdleChildren: 11 }],
      [{ LSAPI_CHILDREN: ' +9' }, { children: 9, extraChildren: 3, maxIdleChildren: 3 }],
      [{ LSAPI_CHILDREN: '007' }, { children: 7, extraChildren: 2, maxIdleChildren: 2 }],
      [{ LSAPI_CHILDREN: '2' }, { children: 2, extraChildren: 0, maxIdleChildren: 1 }],
      [
        { LSAPI_CHILDREN: '9', LSAPI_EXTRA_CHILDREN: '0' },
        { children: 9, extraChildren: 0, maxIdleChildren: 3 },
      ],
      [
        { LSAPI_CHILDREN: '9', LSAPI_EXTRA_CHILDREN: '4', LSAPI_MAX_IDLE_CHILDREN: '8' },
        { children: 9, extraChildren: 4, maxIdleChildren: 8 },
      ],
      [{ LSAPI_MAX_REQS: '500' }, { maxRequests: 500 }],
      [{ LSAPI_MAX_REQS: '0' }, { maxRequests: 0 }],
      [{ LSAPI_MAX_IDLE: '60' }, { maxIdle: 60 }],
      [{ LSAPI_MAX_IDLE: '0' }, { maxIdle: 0 }],
      [{ LSAPI_MAX_IDLE: '-1' }, { maxIdle: 0 }],
      [{ LSAPI_MAX_PROCESS_TIME: '1' }, { maxProcessTime: 1 }],
      [{ LSAPI_PGRP_MAX_IDLE: '60' }, { groupMaxIdle: 60 }],
      [{ LSAPI_KEEP_LISTEN: '2' }, { keepListen: 2 }],
      [{ LSAPI_KEEP_LISTEN: '0' }, { keepListen: 0 }],
    ]);
  });

  describe('aliases of the PHP world take precedence', () => {
    accepts([
      [{ PHP_LSAPI_CHILDREN: '6' }, { children: 6, extraChildren: 2, maxIdleChildren: 2 }],
      [
        { PHP_LSAPI_CHILDREN: '6', LSAPI_CHILDREN: '60' },
        { children: 6, extraChildren: 2, maxIdleChildren: 2 },
      ],
      [{ PHP_LSAPI_MAX_REQUESTS: '7', LSAPI_MAX_REQS: '8' }, { maxRequests: 7 }],
    ]);

    it('and the source names the one that decided', () => {
      const { sources } = readSettings({ PHP_LSAPI_CHILDREN: '6', LSAPI_CHILDREN: '60' });
      assert.deepEqual(sources.children, { kind: 'environment', variable: 'PHP_LSAPI_CHILDREN', text: '6' });
    });
  });

  describe('LSAPI_AVOID_FORK', () => {
    const on = (minFreeMemory: number): Partial<Settings> => ({
      avoidFork: { enabled: true, minFreeMemory },
      keepListen: 2,
      children: 9,
      extraChildren: 0,
      maxIdleChildren: 9,
    });
    const nine = { LSAPI_CHILDREN: '9' };
    accepts([
      [{ LSAPI_AVOID_FORK: '0' }, {}],
      [{ ...nine, LSAPI_AVOID_FORK: '1' }, on(GIB)],
      [{ ...nine, LSAPI_AVOID_FORK: '10M' }, on(10 * MIB)],
      [{ ...nine, LSAPI_AVOID_FORK: '200m' }, on(200 * MIB)],
      [{ ...nine, LSAPI_AVOID_FORK: '10485760' }, on(10 * MIB)],
      [{ ...nine, LSAPI_AVOID_FORK: '2G' }, on(2 * GIB)],
      [{ ...nine, LSAPI_AVOID_FORK: '64g' }, on(64 * GIB)],
      [{ ...nine, LSAPI_AVOID_FORK: '1', LSAPI_KEEP_LISTEN: '0' }, on(GIB)],
      [
        { ...nine, LSAPI_AVOID_FORK: '1', LSAPI_EXTRA_CHILDREN: '3' },
        { ...on(GIB), extraChildren: 3 },
      ],
    ]);

    for (const text of ['2', '9M', '10485759', '512K']) {
      it(`${text} is on, but no limit: a warning, and the limit of 1G`, () => {
        const { settings, warnings } = readSettings({ LSAPI_AVOID_FORK: text });
        assert.deepEqual(settings.avoidFork, { enabled: true, minFreeMemory: GIB });
        assert.equal(warnings.length, 1);
        assert.match(warnings[0] ?? '', /^LSAPI_AVOID_FORK="\w+" .*10M.*1G/);
      });
    }

    it('overrules LSAPI_KEEP_LISTEN, and the source says so', () => {
      const { sources } = readSettings({ LSAPI_AVOID_FORK: '1', LSAPI_KEEP_LISTEN: '0' });
      assert.deepEqual(sources.keepListen, { kind: 'overruled', by: 'LSAPI_AVOID_FORK' });
    });
  });

  describe('presence alone counts', () => {
    accepts([
      [{ LSAPI_PPID_NO_CHECK: '1' }, { checkParent: false }],
      [{ LSAPI_PPID_NO_CHECK: '0' }, { checkParent: false }],
      [{ LSAPI_PPID_NO_CHECK: '' }, { checkParent: false }],
      [{ LSAPI_ALLOW_CORE_DUMP: '0' }, { allowCoreDump: true }],
      [{ LSAPI_ALLOW_CORE_DUMP: '' }, { allowCoreDump: true }],
    ]);
  });

  describe('logs and diagnostics', () => {
    accepts([
      [{ LSAPI_ACCEPT_NOTIFY: '1' }, { acceptNotify: true }],
      [{ LSAPI_ACCEPT_NOTIFY: '-3' }, { acceptNotify: true }],
      [{ LSAPI_ACCEPT_NOTIFY: '0' }, { acceptNotify: false }],
      [{ LSAPI_MAX_BUSY_WORKER: '4' }, { maxBusyWorker: 4, checkParent: false }],
      [{ LSAPI_MAX_BUSY_WORKER: '0' }, { maxBusyWorker: 0, checkParent: false }],
      [{ LSAPI_MAX_BUSY_WORKER: '-1' }, {}],
      [{ LSAPI_SLOW_REQ_MSECS: '1500' }, { slowRequest: 1500 }],
      [{ LSAPI_STDERR_LOG: 'log/stderr.log' }, { stderrLog: 'log/stderr.log' }],
      [{ LSAPI_DUMP_DEBUG_INFO: '1' }, { dumpDebugInfo: true }],
      [{ LSNODE_CONSOLE_LOG: '/var/log/app' }, { consoleLog: '/var/log/app' }],
      [{ LSNODE_STDERR: 'Stream' }, { stderr: 'stream' }],
    ]);
  });

  describe("lsnode's own", () => {
    accepts([
      [
        { LSNODE_ROOT: '/srv/app', LSNODE_STARTUP_FILE: 'main.js' },
        { root: '/srv/app', startupFile: 'main.js' },
      ],
      [{ LSNODE_ROOT: '', LSNODE_STARTUP_FILE: '', LSNODE_SOCKET: '', LSNODE_CONSOLE_LOG: '' }, {}],
      [{ LSNODE_SOCKET: '/tmp/x.sock' }, { socket: '/tmp/x.sock' }],
      [{ LSNODE_MAX_PACKET: '65536' }, { maxPacket: 65_536 }],
      [{ LSNODE_MAX_PACKET: '1M' }, { maxPacket: MIB }],
      [{ LSNODE_MAX_PACKET: '512 KiB' }, { maxPacket: 512 * 1024 }],
      [{ LSNODE_PACKET_TIMEOUT: '0' }, { packetTimeout: 0 }],
      [{ LSNODE_BODY_TIMEOUT: '86400' }, { bodyTimeout: 86_400 }],
      [{ LSNODE_TCP_TIMEOUT: '0' }, { tcpTimeout: 0 }],
      [{ LSNODE_GRACE: '5' }, { grace: 5 }],
      [{ LSNODE_FORK: 'off' }, { fork: 'off' }],
      [{ LSNODE_FORK: ' ON ' }, { fork: 'on' }],
      [{ LSNODE_PRELOAD: 'off' }, { preload: 'off' }],
      [{ LSNODE_CONCURRENCY: '25' }, { concurrency: 25 }],
      [{ LSNODE_MAX_MEMORY: '512MB' }, { maxMemory: 512 * MIB }],
      [{ LSNODE_MAX_MEMORY: '0' }, { maxMemory: 0 }],
      [{ LSNODE_SCRIPT_ROOTS: '/srv/www:/home/me' }, { scriptRoots: '/srv/www:/home/me' }],
    ]);
  });

  describe('a value that makes no sense: a warning that names it, and the default', () => {
    const outOfInt = ['2147483648', '99999999999999999999', '-99999999999999999999'];
    const noNumber = ['abc', '', ' ', 'on', '-', '+-1', 'NaN', '½', '\0', 'M1'];
    const noWord = ['yes', '1', '', 'autoo', 'on off'];
    const nonsense: Partial<Record<SettingName, string[]>> = {
      children: ['-1', '-99999999999999999999', ...noNumber],
      avoidFork: ['-1', '200X', '1T', '9007199254740993', '99999999999G', ...noNumber],
      extraChildren: ['-1', ...noNumber],
      maxRequests: ['-1', ...outOfInt, ...noNumber],
      maxIdle: [...outOfInt, ...noNumber],
      maxIdleChildren: ['0', '-1', ...noNumber],
      maxProcessTime: ['0', '-1', ...outOfInt, ...noNumber],
      groupMaxIdle: ['-1', ...outOfInt, ...noNumber],
      keepListen: ['-1', '3', ...outOfInt, ...noNumber],
      acceptNotify: noNumber,
      maxBusyWorker: ['-2', '10001', ...outOfInt, ...noNumber],
      slowRequest: ['-1', ...outOfInt, ...noNumber],
      dumpDebugInfo: noNumber,
      stderr: [...noWord, 'file'],
      maxPacket: ['0', '-1', '4095', '1048577', '2M', '64X', '0.5M', ...noNumber],
      packetTimeout: ['-1', '86401', '1.5', '30s', ...outOfInt, ...noNumber],
      bodyTimeout: ['-1', '86401', '1e3', ...outOfInt, ...noNumber],
      tcpTimeout: ['-1', '86401', '2m', ...outOfInt, ...noNumber],
      grace: ['-1', '86401', '5m', ...outOfInt, ...noNumber],
      stackAfter: ['-1', '86401', '5s', ...outOfInt, ...noNumber],
      fork: noWord,
      concurrency: ['0', '-1', '10001', '2x', ...outOfInt, ...noNumber],
      preload: noWord,
      maxMemory: ['-1', '1', '512', '9M', '1P', '1025G', ...noNumber],
      minUid: ['0', '-1', '1.5', ...outOfInt, ...noNumber],
      minGid: ['0', '-1', '1.5', ...outOfInt, ...noNumber],
      lve: ['-1', '4', ...outOfInt, ...noNumber],
    };

    for (const [setting, texts] of Object.entries(nonsense) as [SettingName, string[]][]) {
      const variable = VARIABLES[setting];
      for (const name of [variable.name, ...(variable.aliases ?? [])]) {
        it(`${name}: ${texts.map((text) => JSON.stringify(text)).join(', ')}`, () => {
          for (const text of texts) {
            const { settings, sources, warnings } = readSettings({ [name]: text });
            assert.deepEqual(settings, DEFAULTS, text);
            assert.deepEqual(sources[setting], { kind: 'invalid', variable: name, text });
            assert.equal(warnings.length, 1, `${text}: ${warnings.join('; ')}`);
            const [warning = ''] = warnings;
            assert.ok(warning.startsWith(`${name}=${JSON.stringify(text)} `), warning);
            assert.ok(warning.includes('the default is used: '), warning);
          }
        });
      }
    }

    it('what follows a number is told without characters that a terminal obeys', () => {
      const { warnings } = readSettings({ LSAPI_ACCEPT_NOTIFY: ' 7x\x84' });
      assert.deepEqual(warnings, [
        'LSAPI_ACCEPT_NOTIFY=" 7x\\u{84}" has "x\\u{84}" after the number, which is ignored; 7 is used',
      ]);
    });

    it('covers every variable whose value can be wrong', () => {
      const anythingGoes: SettingName[] = [
        ...(['checkParent', 'allowCoreDump'] as const),
        ...(['stderrLog', 'root', 'startupFile', 'port', 'scriptRoots', 'socket', 'consoleLog'] as const),
        ...(['secret', 'chroot'] as const),
      ];
      assert.deepEqual([...Object.keys(nonsense), ...anythingGoes].sort(), [...SETTING_NAMES].sort());
    });

    it('a default that is a formula is worked out from the rest', () => {
      const { settings, warnings } = readSettings({ LSAPI_CHILDREN: '30', LSAPI_EXTRA_CHILDREN: 'many' });
      assert.equal(settings.extraChildren, 10);
      assert.deepEqual(warnings, ['LSAPI_EXTRA_CHILDREN="many" is not a number; the default is used: 10']);
    });

    it('does not flood the log', () => {
      const [warning = ''] = readSettings({ LSAPI_MAX_IDLE: `\n${'x'.repeat(100_000)}` }).warnings;
      assert.ok(warning.length < 200);
      assert.ok(!warning.includes('\n'));
    });
  });

  describe('numbers of the library are read as atoi does, with a warning about the rest', () => {
    const rows: [Environ, Partial<Settings>][] = [
      [{ LSAPI_MAX_REQS: '12abc' }, { maxRequests: 12 }],
      [{ LSAPI_MAX_IDLE: '1.5' }, { maxIdle: 1 }],
      [{ LSAPI_MAX_IDLE: '10m' }, { maxIdle: 10 }],
      [{ LSAPI_SLOW_REQ_MSECS: '0x10' }, { slowRequest: 0 }],
      [{ LSAPI_ACCEPT_NOTIFY: '1!' }, { acceptNotify: true }],
    ];
    for (const [environ, expected] of rows) {
      it(describeRow(environ), () => {
        const { settings, warnings } = readSettings(environ);
        assert.deepEqual(settings, { ...DEFAULTS, ...expected });
        assert.equal(warnings.length, 1);
        assert.match(warnings[0] ?? '', /after the number, which is ignored; -?\d+ is used$/);
      });
    }

    it('LSAPI_CHILDREN above 10000 counts as 10000', () => {
      for (const text of ['10001', '99999999999999999999']) {
        const { settings, warnings } = readSettings({ LSAPI_CHILDREN: text });
        assert.equal(settings.children, 10_000);
        assert.deepEqual(warnings, [`LSAPI_CHILDREN="${text}" is above 10000; 10000 is used`]);
      }
    });
  });

  describe('a worker that the server connected', () => {
    const environ = {
      LSAPI_CHILDREN: '35',
      LSAPI_PPID_NO_CHECK: '1',
      LSAPI_PGRP_MAX_IDLE: '60',
      LSAPI_MAX_BUSY_WORKER: '0',
      LSAPI_EXTRA_CHILDREN: 'nonsense',
      LSAPI_KEEP_LISTEN: '2',
      LSAPI_MAX_REQS: '5',
    };

    it('ignores the variables of process groups without a word, and checks its parent', () => {
      const { settings, sources, warnings } = readSettings(environ, { socket: 'connected' });
      assert.deepEqual(settings, { ...DEFAULTS, keepListen: 2, maxRequests: 5 });
      assert.deepEqual(sources.children, { kind: 'ignored', variable: 'LSAPI_CHILDREN', text: '35' });
      assert.deepEqual(warnings, []);
    });
  });

  describe('a socket of its own (--bind)', () => {
    accepts(
      [
        // Nobody would start a worker again, so it stays.
        [{}, { checkParent: false, maxRequests: 0, maxIdle: 0 }],
        [
          { LSAPI_MAX_REQS: '7', LSAPI_MAX_IDLE: '8' },
          { checkParent: false, maxRequests: 7, maxIdle: 8 },
        ],
        [{ LSAPI_CHILDREN: '3' }, { children: 3, extraChildren: 1, maxIdleChildren: 1, checkParent: false }],
      ],
      { socket: 'bound' },
    );
  });

  describe('root', () => {
    it('does not open LSAPI_STDERR_LOG, and says so', () => {
      const { settings, warnings } = readSettings({ LSAPI_STDERR_LOG: '/tmp/log' }, { root: true });
      assert.equal(settings.stderrLog, undefined);
      assert.deepEqual(warnings, ['LSAPI_STDERR_LOG="/tmp/log" is not read as root']);
    });
  });

  describe('names that nobody reads', () => {
    const slips: [string, string][] = [
      ['LSAPI_CHILDRENS', 'LSAPI_CHILDREN'],
      ['LSAPI_MAX_REQUESTS', 'LSAPI_MAX_REQS'],
      ['LSNODE_STARTUP_FLIE', 'LSNODE_STARTUP_FILE'],
      ['LSNODE_MAX_MEM', 'LSNODE_MAX_MEMORY'],
    ];
    for (const [name, meant] of slips) {
      it(`${name}: a warning that asks for ${meant}`, () => {
        assert.deepEqual(readSettings({ [name]: '1' }).warnings, [
          `${name} is no variable that lsnode knows; did you mean ${meant}?`,
        ]);
      });
    }

    it('are told in a form that no terminal obeys, and so are values', () => {
      const { warnings } = readSettings({ 'LSAPI_CHILDREN\u001b[2J': '1', LSAPI_CHILDREN: '\u009b2J\u202e' });
      assert.match(
        warnings.join('\n'),
        /^LSAPI_CHILDREN="\\u\{9b\}2J\\u\{202e\}" .*\nLSAPI_CHILDREN\\u\{1b\}\[2J is no/,
      );
    });

    it('are no matter where they are nowhere near, or known to be set by servers', () => {
      const environ = Object.fromEntries(
        [...FOREIGN_VARIABLES, 'LSAPI_SOMETHING_ELSE', 'LSNODE_X', 'LS_CHILDREN', 'PATH', 'LSAPI_'].map(
          (name) => [name, '1'],
        ),
      );
      assert.deepEqual(readSettings(environ).warnings, []);
    });
  });

  it('can be read from any environment whatever (property)', () => {
    const names = SETTING_NAMES.flatMap((name) => [VARIABLES[name].name, ...(VARIABLES[name].aliases ?? [])]);
    const name = fc.oneof(fc.constantFrom(...names), fc.string());
    const number = fc
      .tuple(fc.integer(), fc.constantFrom('', 'K', 'M', 'G', 's', '.5'))
      .map(([n, unit]) => `${n}${unit}`);
    const value = fc.oneof(fc.string({ unit: 'binary' }), number, fc.bigInt().map(String));
    const socket = fc.constantFrom('listening' as const, 'connected' as const, 'bound' as const);
    fc.assert(
      fc.property(fc.dictionary(name, value), socket, fc.boolean(), (environ, socketKind, root) => {
        const reading = readSettings(environ, { socket: socketKind, root });
        const { settings, sources, warnings } = reading;
        assert.deepEqual(Object.keys(settings).sort(), [...SETTING_NAMES].sort());
        assert.deepEqual(Object.keys(sources).sort(), [...SETTING_NAMES].sort());
        for (const number of Object.values(settings).filter((v) => typeof v === 'number')) {
          assert.ok(Number.isSafeInteger(number) && number >= -1 && !Object.is(number, -0));
        }
        assert.ok(
          settings.children <= 10_000 && settings.maxIdleChildren >= 1 && settings.maxProcessTime >= 1,
        );
        assert.ok(warnings.every((warning) => !/[\n\r]/.test(warning)));
        assert.ok(formatSettings(reading).endsWith('\n'));
      }),
      { numRuns: 500 },
    );
  });
});
