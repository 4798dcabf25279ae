import assert from 'node:assert/strict';
import { formatSettings, readSettings } from '#lib/config/settings.js';
import { SETTING_NAMES, VARIABLES } from '#lib/config/variable-table.js';

describe('formatSettings', () => {
  const text = formatSettings(
    readSettings({
      PHP_LSAPI_CHILDREN: '12',
      LSAPI_AVOID_FORK: '200M',
      LSAPI_MAX_IDLE: 'abc',
      LSAPI_PPID_NO_CHECK: '0',
    }),
  );
  const line = (name: string) => text.split('\n').find((candidate) => candidate.startsWith(`${name} `)) ?? '';

  it('has one line for each variable', () => {
    for (const setting of SETTING_NAMES) assert.notEqual(line(VARIABLES[setting].name), '');
  });

  it('says what is in force and from where', () => {
    assert.match(line('LSAPI_CHILDREN'), /12 +environment: PHP_LSAPI_CHILDREN="12"$/);
    assert.match(
      line('LSAPI_AVOID_FORK'),
      /on, free memory limit 200M +environment: LSAPI_AVOID_FORK="200M"$/,
    );
    assert.match(line('LSAPI_KEEP_LISTEN'), /2 +set by LSAPI_AVOID_FORK$/);
    assert.match(line('LSAPI_MAX_IDLE'), /300 s +default, because LSAPI_MAX_IDLE="abc" makes no sense$/);
    assert.match(line('LSAPI_MAX_REQS'), /10000 +default$/);
    assert.match(line('LSAPI_PPID_NO_CHECK'), /parent not checked +environment: LSAPI_PPID_NO_CHECK="0"$/);
    assert.match(line('LSNODE_MAX_PACKET'), /256K +default$/);
  });

  it('shows no character that a terminal would obey', () => {
    const shown = formatSettings(
      readSettings({ LSNODE_CONSOLE_LOG: '/tmp/\x7f\u009b2J', LSAPI_MAX_IDLE: '\x1b' }),
    );
    assert.doesNotMatch(shown.replaceAll('\n', ''), /\p{Cc}/u);
    assert.match(shown, /\/tmp\/\\u\{7f\}\\u\{9b\}2J/);
  });

  it('ends with the warnings', () => {
    assert.match(text, /\nwarning: LSAPI_MAX_IDLE="abc" is not a number; the default is used: 300 s\n$/);
  });
});
