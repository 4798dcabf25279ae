import assert from 'node:assert/strict';
import { readdirSync, readlinkSync } from 'node:fs';
import { rawApp } from '../cli/support/lsnode.js';
import { noticedPid } from '../process-group/support/group.js';
import type { LsapiClient } from '../support/lsapi-client.js';
import { IS_SANITIZED, itWithoutSanitizers, programEnvironment } from '../support/program-environment.js';
import { lsnodeIn, MODES } from './support/modes.js';

const APP = `import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const run = (script) =>
  execFileSync('sh', ['-c', script], { stdio: ['inherit', 'pipe', 'inherit'], encoding: 'utf8' });
const environment = (text) => text.split('\\0').filter(Boolean).sort();

const answers = {
  '/environment': () => ({
    own: environment(Object.entries(process.env).map(([name, value]) => name + '=' + value).join('\\0')),
    program: environment(run('exec env -0')),
  }),
  '/limits': () => ({
    own: process.umask().toString(8).padStart(4, '0') + '\\n' + readFileSync('/proc/self/limits', 'utf8'),
    program: run('umask; cat /proc/self/limits'),
  }),
  // The shell's own, not those of the program that lists them.
  '/descriptors': () => run('ls /proc/$$/fd; :').trim().split('\\n'),
  '/': () => null,
  async '/wasm'() {
    // A module with a memory of one page.
    const bytes = [0, 97, 115, 109, 1, 0, 0, 0, 5, 3, 1, 0, 1, 7, 10, 1, 6, 109, 101, 109, 111, 114, 121, 2, 0];
    const { instance } = await WebAssembly.instantiate(new Uint8Array(bytes));
    // fetch() parses HTTP by WebAssembly.
    const server = createServer((req, res) => res.end('fetched')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const fetched = await (await fetch('http://127.0.0.1:' + server.address().port)).text();
    server.closeAllConnections();
    server.close();
    return [instance.exports.memory.buffer.byteLength, fetched];
  },
};
${rawApp('response.send(200, null, JSON.stringify(await answers[request.url]()));')}`;

/** What is addressed to lsnode, in the environment that the server gives. */
const SETTINGS = {
  LSAPI_MAX_REQS: '1000',
  LSAPI_AVOID_FORK: '0',
  LSAPI_GROUP_ROLE: '',
  PHP_LSAPI_MAX_REQUESTS: '1000',
};
/** What is addressed to the app. */
const GIVEN = { LSNODE_BODY_TIMEOUT: '60', SITE_SECRET: 'of the site' };

const LIMITS = ['--core=1000000:2000000', '--nofile=300:400', '--nproc=5000:6000'];
const ADDRESS_SPACE = 3 * 1024 ** 3;
const limits = IS_SANITIZED ? LIMITS : [...LIMITS, `--as=${ADDRESS_SPACE}`];
/** Starts lsnode with these limits, a umask, and descriptors of one and of two digits that nobody has closed. */
const wrap = (lsnode: readonly string[]): string[] => [
  ...['prlimit', ...limits, 'bash', '-c', 'umask 0037; exec 9</etc/passwd 64</etc/passwd "$@"', 'bash'],
  ...lsnode,
];

/** Soft and hard limits, as /proc tells them. */
function limitsOf(text: string): Record<string, string[]> {
  const names = {
    core: 'core file size',
    files: 'open files',
    processes: 'processes',
    memory: 'address space',
  };
  return Object.fromEntries(
    Object.entries(names).map(([key, name]) => [
      key,
      new RegExp(`^Max ${name} +(\\S+) +(\\S+)`, 'm').exec(text)?.slice(1) ?? [],
    ]),
  );
}

/** Of what libuv makes for itself; a forked child has also what its parent's other event loops have left. */
const OF_NODE = /^(\/dev\/null|anon_inode:\[(eventfd|eventpoll|timerfd|io_uring)\]|pipe:\[\d+\])$/;
const SOCKET = /^socket:/;
const SCOREBOARD = /^\/memfd:lsnode-scoreboard/;

/** What a process's descriptors refer to, by number. */
function descriptorsOf(pid: number | 'self'): Map<number, string> {
  const directory = `/proc/${pid}/fd`;
  const entries = readdirSync(directory).flatMap((fd): [number, string][] => {
    try {
      return [[Number(fd), readlinkSync(`${directory}/${fd}`)]];
    } catch {
      return []; // the directory's own, or closed meanwhile
    }
  });
  return new Map(entries);
}

const matching = (links: Iterable<string>, pattern: RegExp): string[] =>
  [...new Set(links)].filter((link) => pattern.test(link)).sort();

interface Seen<T> {
  readonly own: T;
  readonly program: T;
}

for (const mode of MODES) {
  describe(`Isolation: ${mode.name}`, () => {
    const { isGroup } = mode;
    const running = lsnodeIn(mode, { files: { 'app.mjs': APP }, env: { ...SETTINGS, ...GIVEN }, wrap });
    const clients: LsapiClient[] = [];

    afterEach(() => {
      for (const client of clients.splice(0)) client.close();
    });

    async function connect(): Promise<LsapiClient> {
      const client = await running().connect();
      clients.push(client);
      return client;
    }

    async function ask<T>(url: string): Promise<T> {
      const { status, text } = await (await connect()).request({ url });
      assert.equal(status, 200, running().stderr);
      return JSON.parse(text) as T;
    }

    it('app and programs that it starts see the environment without what is addressed to lsnode', async () => {
      const lsnodes = Object.entries(mode.env).filter(([name]) => name.startsWith('LSNODE_'));
      const given = Object.entries(programEnvironment()).filter(([name]) => !name.startsWith('LSAPI_'));
      const expected = [...given, ...lsnodes, ...Object.entries(GIVEN)].map((pair) => pair.join('='));
      const { own, program } = await ask<Seen<string[]>>('/environment');
      // Where a shell has been before.
      const ofShells = /^(PWD|OLDPWD|SHLVL|_)=/;
      assert.deepEqual(
        own.filter((line) => !ofShells.test(line)),
        expected.sort(),
      );
      assert.deepEqual(
        program.filter((line) => !ofShells.test(line)),
        expected,
      );
    });

    it('programs that the app starts have the standard descriptors alone', async () => {
      assert.deepEqual(await ask('/descriptors'), ['0', '1', '2']);
    });

    it(`the process has its own connections${isGroup ? ', a line to the parent and the scoreboard' : ', its scoreboard and the listener'}`, async () => {
      const pids: number[] = [];
      for (let count = 0; count < 2; count++) {
        const client = await connect();
        const served = client.request({ url: '/' });
        pids.push(isGroup ? await noticedPid(client) : running().pid);
        await served;
      }
      const [pid = 0, sibling = 0] = pids;
      const own = descriptorsOf(pid);
      const log = own.get(2) ?? ''; // standard output too
      assert.deepEqual([own.get(0), own.get(1)], ['/dev/null', log]);
      // The listener, and what whoever runs these tests has left open.
      const left = new Set(['/etc/passwd', ...descriptorsOf('self').values()]);
      const links = [...own.values()].filter((link) => link !== log && !left.has(link));
      const sockets = matching(links, SOCKET);
      const known = (link: string): boolean =>
        OF_NODE.test(link) || SOCKET.test(link) || SCOREBOARD.test(link);
      assert.deepEqual(
        links.filter((link) => !known(link)),
        [],
      );
      assert.equal(matching(links, SCOREBOARD).length, 1);
      if (!isGroup) {
        assert.equal(sockets.length, 2, 'two connections');
        return;
      }
      assert.notEqual(pid, sibling);
      assert.equal(sockets.length, 2, 'the line and a connection');
      const parents = new Set(descriptorsOf(running().pid).values());
      assert.equal(sockets.filter((link) => parents.has(link)).length, 1, 'the line');
      const siblings = new Set(descriptorsOf(sibling).values());
      assert.deepEqual(
        sockets.filter((link) => siblings.has(link)),
        [],
      );
    });

    it("umask and limits are the server's, but no core files are written", async () => {
      const { own, program } = await ask<Seen<string>>('/limits');
      const memory = IS_SANITIZED ? 'unlimited' : String(ADDRESS_SPACE);
      const expected = {
        core: ['0', '0'],
        files: ['400', '400'], // Node raises the soft limit as far as it may
        processes: ['5000', '6000'],
        memory: [memory, memory],
      };
      assert.deepEqual(limitsOf(own), expected);
      assert.deepEqual(limitsOf(program), expected);
      assert.deepEqual([own.slice(0, 5), program.slice(0, 5)], ['0037\n', '0037\n']);
    });

    itWithoutSanitizers(
      'sanitizers reserve 16 TiB of address space themselves',
      'WebAssembly and fetch() work within 3 GiB of address space',
      async () => {
        assert.deepEqual(await ask('/wasm'), [65_536, 'fetched']);
      },
    );
  });
}
