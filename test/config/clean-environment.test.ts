import assert from 'node:assert/strict';
import { cleanEnvironment } from '#lib/config/settings.js';

describe('cleanEnvironment', () => {
  const environ = () => ({
    PATH: '/bin',
    LSAPI_CHILDREN: '5',
    LSAPI_: '',
    PHP_LSAPI_MAX_REQUESTS: '7',
    PHPRC: '/etc',
    LSNODE_ROOT: '/srv/app',
    LVE_ENABLE: '1',
    LSAPIX: 'x',
    lsapi_children: 'x',
  });

  it("deletes LSAPI_* and PHP_LSAPI_*, and returns them as a copy of the caller's own", () => {
    const env: NodeJS.ProcessEnv = environ();
    const removed = cleanEnvironment(env);
    assert.deepEqual(removed, { LSAPI_CHILDREN: '5', LSAPI_: '', PHP_LSAPI_MAX_REQUESTS: '7' });
    assert.deepEqual(Object.keys(env), [
      'PATH',
      'PHPRC',
      'LSNODE_ROOT',
      'LVE_ENABLE',
      'LSAPIX',
      'lsapi_children',
    ]);
  });

  it('deletes PHPRC as well when the process is root', () => {
    const env: NodeJS.ProcessEnv = environ();
    assert.equal(cleanEnvironment(env, { root: true })['PHPRC'], '/etc');
    assert.equal(env['PHPRC'], undefined);
  });

  it('keeps programs that the app starts from inheriting them', () => {
    const name = 'LSAPI_TEST_OF_CLEAN_ENVIRONMENT';
    process.env[name] = '1';
    assert.equal(cleanEnvironment(process.env)[name], '1');
    assert.ok(!(name in process.env));
  });
});
