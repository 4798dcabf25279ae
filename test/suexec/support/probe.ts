// The app that the tests of isolation serve: a tenant's code, which tries what it is asked to.

/** What `/PROBE` answers; every probe is a function body that returns something for JSON. */
export const PROBES = {
  identity: `return {
    pid: process.pid, ppid: process.ppid,
    users: [process.getuid(), process.geteuid()], groups: [process.getgid(), process.getegid()],
    supplementary: process.getgroups(), title: process.title,
  };`,
  environment: 'return process.env;',
  status: `return execFileSync('cat', ['/proc/self/status'], { encoding: 'utf8' });`,
  descriptors: `return Object.fromEntries(fs.readdirSync('/proc/self/fd').map((fd) => {
    try { return [fd, fs.readlinkSync('/proc/self/fd/' + fd)]; } catch { return [fd, '']; }
  }).filter(([, target]) => target !== ''));`,
  inheritedBy: `return fs.readdirSync('/proc/self/fd').length > 0 && execFileSync('ls', ['-l', '/proc/self/fd'], { encoding: 'utf8' });`,
  sharedMemory: `return fs.readFileSync('/proc/self/maps', 'utf8').split('\\n').filter((line) => / [r-][w-][x-]s /.test(line));`,
  limits: `return fs.readFileSync('/proc/self/limits', 'utf8');`,
  become: `return Object.fromEntries(Object.entries({
    setuid: () => process.setuid(0), seteuid: () => process.seteuid(0), setgid: () => process.setgid(0),
    setgroups: () => process.setgroups([0]), another: () => process.setuid(54399),
  }).map(([name, go]) => { try { go(); return [name, 'done']; } catch (error) { return [name, error.code]; } }));`,
  signal: `const [pid, signal] = argument.split(',').map(Number);
    try { process.kill(pid, signal); return 'sent'; } catch (error) { return error.code; }`,
  look: `return Object.fromEntries(['environ', 'mem', 'maps', 'fd/0', 'root', 'cwd'].map((name) => {
    const path = '/proc/' + argument + '/' + name;
    try {
      if (name === 'root' || name === 'cwd' || name.startsWith('fd')) return [name, fs.readlinkSync(path)];
      const fd = fs.openSync(path, 'r+' && 'r'); fs.closeSync(fd); return [name, 'opened'];
    } catch (error) { return [name, error.code]; }
  }));`,
  setuidProgram: `try { return execFileSync(argument, { encoding: 'utf8' }); } catch (error) { return String(error); }`,
  log: `try { fs.ftruncateSync(2); return 'cut'; } catch (error) { return error.code; }`,
  print: `process.stderr.write(decodeURIComponent(argument)); return 'printed';`,
  shoutAtParent: `const fds = fs.readdirSync('/proc/self/fd').filter((fd) => {
      try { return fs.readlinkSync('/proc/self/fd/' + fd).startsWith('socket:'); } catch { return false; }
    }).map(Number).filter((fd) => {
      const inode = /\\d+/.exec(fs.readlinkSync('/proc/self/fd/' + fd))[0];
      const line = fs.readFileSync('/proc/self/net/unix', 'utf8').split('\\n').find((text) => text.split(/ +/)[6] === inode);
      return line?.split(/ +/)[4] === '0005'; // SOCK_SEQPACKET
    });
    let sent = 0;
    for (const size of [1, 2, 8, 100]) for (let byte = 0; byte < 256; byte++) {
      try { fs.writeSync(fds[0], Buffer.alloc(size, byte)); sent++; } catch {}
    }
    return sent;`,
  closeAll: `for (let fd = 3; fd < 40; fd++) try { fs.closeSync(fd); } catch {}
    return 'closed';`,
  inject: `return new Response('x', { headers: { 'X-A': 'a\\r\\nSet-Cookie: stolen=1' } });`,
  exit: 'process.exit(3);',
  read: `try { return fs.readFileSync(decodeURIComponent(argument), 'utf8').length; } catch (error) { return error.code; }`,
  list: `return fs.readdirSync(decodeURIComponent(argument)).sort();`,
} as const;

/** Start file of the app; \`/PROBE?ARGUMENT\` runs a probe. */
export const PROBE_APP = `
import fs from 'node:fs';
import { execFileSync } from 'node:child_process';
console.log('loaded by user', process.getuid());
const probes = {
${Object.entries(PROBES)
  .map(([name, body]) => `  ${name}: (argument) => { ${body} },`)
  .join('\n')}
};
export default {
  fetch(request) {
    const { pathname, search } = new URL(request.url);
    const answer = probes[pathname.slice(1)](search.slice(1));
    return answer instanceof Response ? answer : Response.json(answer ?? null);
  },
};
`;
