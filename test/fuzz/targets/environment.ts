// The environment of a worker, as a tenant's panel, a server's configuration or a script may have set it. Reading it
// never fails: what makes no sense is a warning of one line.
import assert from 'node:assert/strict';
import { formatAddress, parseAddress } from '#lib/config/address.js';
import { printable } from '#lib/config/printable.js';
import { cleanEnvironment, formatSettings, readSettings } from '#lib/config/settings.js';
import { SETTING_NAMES, VARIABLES } from '#lib/config/variable-table.js';
import { LsapiError } from '#lib/errors.js';
import type { FuzzTarget } from '../engine/target.js';

const NAMES = SETTING_NAMES.flatMap((setting) => {
  const { name, aliases = [], fallbacks = [] } = VARIABLES[setting];
  return [name, ...aliases, ...fallbacks];
});

const CONTEXTS = [{}, { socket: 'connected', root: false }, { socket: 'listening', root: true }] as const;

/** `NAME=VALUE` lines; a NUL in a value is no line's end, although no environment has one. */
function environOf(text: string): NodeJS.ProcessEnv {
  const environ: NodeJS.ProcessEnv = {};
  for (const line of text.split('\n')) {
    const equals = line.indexOf('=');
    if (equals > 0) environ[line.slice(0, equals)] = line.slice(equals + 1);
  }
  return environ;
}

/** What a log line may not contain: whatever ends it, or drives a terminal. */
function checkLine(line: string): void {
  assert.equal(line, printable(line), 'a message that a terminal obeys');
}

function checkAddress(text: string): void {
  try {
    const address = parseAddress(text, { cwd: '/srv/www', anyPort: text.length % 2 === 0 });
    const formatted = formatAddress(address);
    assert.deepEqual(parseAddress(formatted, { cwd: '/elsewhere', anyPort: true }), address, formatted);
  } catch (error) {
    if (!(error instanceof LsapiError)) throw error;
    assert.equal(error.code, 'LSAPI_ERR_ADDRESS');
    checkLine(error.message);
  }
}

export const target: FuzzTarget = {
  maxLength: 1 << 14,
  words: [
    ...NAMES.map((name) => `${name}=`),
    ...[
      'uds://',
      'UDS://',
      'unix:',
      'tcp://',
      '[::1]:',
      '[*]:',
      '*:',
      'localhost:',
      '127.0.0.1:',
      '.sock',
      '../',
      './',
    ],
    ...['1K', '1G', '512M', '30s', '5m', 'on', 'off', 'auto', 'true', 'yes', '100%', '0x10', '1e3', ',', ':'],
  ],

  seeds: () => [
    ...NAMES.map((name) => Buffer.from(`${name}=1`)),
    ...['0', '-1', '99999999999', 'on', 'auto', '', '1K', ' 7x', '/run/app.sock'].map((value) =>
      Buffer.from(NAMES.map((name) => `${name}=${value}`).join('\n')),
    ),
    ...[
      'A=unix:/run/a.sock\nB=uds://run/a\nC=[::1]:9000\nD=*:80\nE=tcp://host.example:7\nF=127.0.0.1:1\nG=9000',
    ].map((text) => Buffer.from(text)),
  ],

  run(input) {
    const environ = environOf(input.toString('latin1'));
    const before = { ...environ };
    for (const context of CONTEXTS) {
      const { settings, sources, warnings } = readSettings(environ, context);
      assert.deepEqual(environ, before, 'the environment was changed');
      for (const name of SETTING_NAMES) {
        assert.ok(name in settings && sources[name] !== undefined, `${name} was not read`);
        const value: unknown = settings[name];
        if (typeof value === 'number') assert.ok(!Number.isNaN(value), `${name} is no number`);
      }
      warnings.forEach(checkLine);
      assert.deepEqual(readSettings(environ, context), { settings, sources, warnings });
      formatSettings({ settings, sources, warnings }).trimEnd().split('\n').forEach(checkLine);
    }
    for (const value of Object.values(before)) checkAddress(value ?? '');
    cleanEnvironment(environ);
    for (const name of NAMES.filter((known) => known.startsWith('LSAPI_')))
      assert.ok(!(name in environ), name);
  },
};
