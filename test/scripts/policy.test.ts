import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { admit } from '#lib/scripts/policy.js';

describe('A script is admitted', () => {
  let directory: string;
  let root: string;
  let script: string;

  beforeEach(() => {
    directory = realpathSync(mkdtempSync(join(tmpdir(), 'lsapi-policy-')));
    root = join(directory, 'www');
    mkdirSync(root);
    script = join(root, 'a.js');
    writeFileSync(script, '');
    chmodSync(script, 0o644);
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const refusedWith = (path: string, status: number, reason: RegExp, roots: string[] = [root]): void => {
    const outcome = admit(path, roots);
    assert.equal(outcome.kind, 'refused');
    assert.equal(outcome.status, status);
    assert.match(outcome.reason, reason);
  };

  it('inside of a root', () => {
    assert.deepEqual(admit(script, [root]), { kind: 'admitted', path: script });
    assert.deepEqual(admit(script, ['/nowhere', `${root}/`]), { kind: 'admitted', path: script });
  });

  it('anywhere where the administrator names it', () => {
    assert.deepEqual(admit(script, undefined), { kind: 'admitted', path: script });
  });

  it('not where there is none: 404', () => {
    refusedWith(join(root, 'b.js'), 404, /there is no script/);
    refusedWith(join(script, 'b.js'), 404, /there is no script/);
    refusedWith(`${script}\0.js`, 404, /there is no script/);
  });

  it('not outside of the roots: 403', () => {
    refusedWith(script, 403, /not inside .*sub\. LSNODE_SCRIPT_ROOTS/, [join(root, 'sub')]);
    refusedWith(script, 403, /there is no DOCUMENT_ROOT/, []);
    refusedWith(script, 403, /LSNODE_SCRIPT_ROOTS/, [join(directory, 'ww')]); // no part of a name
  });

  it('by where a symbolic link leads, not where it is', () => {
    const outside = join(directory, 'outside.js');
    writeFileSync(outside, '');
    symlinkSync(outside, join(root, 'link.js'));
    refusedWith(join(root, 'link.js'), 403, /link\.js \(.*outside\.js\) is refused/);
    symlinkSync(root, join(directory, 'current'));
    assert.deepEqual(admit(join(directory, 'current/a.js'), [join(directory, 'current')]), {
      kind: 'admitted',
      path: script,
    });
  });

  it('not a directory', () => refusedWith(root, 403, /it is no file/, [directory]));

  it('not where others than the owner may write to it', () => {
    for (const mode of [0o664, 0o646]) {
      chmodSync(script, mode);
      refusedWith(script, 403, new RegExp(`mode ${mode.toString(8)}.*chmod go-w`));
    }
    chmodSync(script, 0o755);
    assert.equal(admit(script, [root]).kind, 'admitted');
  });

  if (process.geteuid?.() === 0) {
    it('not where it belongs to another user', () => {
      chownSync(script, 65_534, 65_534);
      refusedWith(script, 403, /belongs to user 65534, and this process runs as 0/);
    });
  } else {
    it('not where it may not be read', () => {
      chmodSync(script, 0o000);
      refusedWith(script, 403, /may not be read by this user/);
    });

    it('where it belongs to root', () => {
      assert.equal(admit(realpathSync('/etc/passwd'), undefined).kind, 'admitted');
    });
  }
});
