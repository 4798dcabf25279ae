import assert from 'node:assert/strict';
import { readdirSync, readlinkSync } from 'node:fs';
import { ALICE, BOB, daemons } from './support/daemon.js';

const WHO = `
import { readdirSync, readlinkSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
const descriptors = () => Object.fromEntries(readdirSync('/proc/self/fd').map((fd) => {
  try { return [fd, readlinkSync('/proc/self/fd/' + fd)]; } catch { return [fd, '(of the listing)']; }
}));
let requests = 0;
console.log('loaded by', process.getuid());
export default { fetch: (request) => Response.json({
  pid: process.pid, requests: ++requests, uid: process.getuid(), euid: process.geteuid(), gid: process.getgid(), egid: process.getegid(),
  groups: process.getgroups(), env: process.env, title: process.title, descriptors: descriptors(),
  program: execFileSync('cat', ['/proc/self/status'], { encoding: 'utf8' }),
}) };
`;

interface Who {
  readonly pid: number;
  readonly requests: number;
  readonly uid: number;
  readonly euid: number;
  readonly gid: number;
  readonly egid: number;
  readonly groups: number[];
  readonly env: Record<string, string>;
  readonly title: string;
  readonly descriptors: Record<string, string>;
  readonly program: string;
}

describe('suEXEC daemon', () => {
  const start = daemons();

  it('serves each connection as the user of its credentials', async () => {
    const daemon = start({ 'app.mjs': WHO }, { env: { DATABASE_PASSWORD: 'of the administrator' } });
    for (const user of [ALICE, BOB]) {
      const response = await daemon.request(user);
      assert.equal(response?.status, 200);
      const who = JSON.parse(response.text) as Who;
      console.log(who);
      assert.deepEqual(
        [who.uid, who.euid, who.gid, who.egid, who.groups],
        [user.uid, user.uid, user.gid, user.gid, [user.gid]],
      );
    }
    console.log(daemon.lsnode.stderr, readdirSync('/proc/self/fd').length, readlinkSync('/proc/self/exe'));
  });
});
