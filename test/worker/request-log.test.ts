import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { lsnodes, nodeApp, rawApp, root } from '../cli/support/lsnode.js';

const LSAPI = JSON.stringify(join(root, 'dist/index.js'));

describe('LSNODE_STDERR=stream', () => {
  const start = lsnodes();
  const env = { LSNODE_STDERR: 'stream' };

  const styles: Record<string, Record<string, string>> = {
    node: {
      'app.js': `
        require('node:http').createServer(async (request, response) => {
          console.log('begun', request.url);
          await new Promise((resolve) => setTimeout(resolve, 20));
          console.error('after a while', request.url);
          response.end('done');
        }).listen(80);`,
    },
    raw: {
      'app.mjs': `
        import { raw } from ${LSAPI};
        export default raw(async (request, response) => {
          console.log('begun', request.url);
          await new Promise((resolve) => setTimeout(resolve, 20));
          console.error('after a while', request.url);
          response.send(200, null, 'done');
        });`,
    },
    fetch: {
      'app.mjs': `
        export default {
          async fetch(request) {
            const { pathname } = new URL(request.url);
            console.log('begun', pathname);
            await new Promise((resolve) => setTimeout(resolve, 20));
            console.error('after a while', pathname);
            return new Response('done');
          },
        };`,
    },
    wsgi: {
      'app.mjs': `
        import { wsgi } from ${LSAPI};
        export default wsgi(async (environ, startResponse) => {
          console.log('begun', environ.PATH_INFO);
          await new Promise((resolve) => setTimeout(resolve, 20));
          environ['wsgi.errors'].write('after a while ' + environ.PATH_INFO + '\\n');
          startResponse('200 OK', []);
          return ['done'];
        });`,
    },
  };
  for (const [style, files] of Object.entries(styles)) {
    it(`sends what is printed for a request with its response: ${style} style`, async () => {
      const lsnode = start({ files, env });
      // Side by side: none gets what belongs to another.
      const urls = ['/a', '/b', '/c'];
      const responses = await Promise.all(
        urls.map(async (url) => (await lsnode.connect()).request({ url, env: { PATH_INFO: url } })),
      );
      for (const [index, response] of responses.entries()) {
        assert.equal(response.text, 'done');
        assert.equal(response.stderr, `begun ${urls[index]}\nafter a while ${urls[index]}\n`);
      }
      assert.equal(lsnode.stderr, '');
    });
  }

  it('leaves to the log what belongs to no request, or comes after its response', async () => {
    const lsnode = start({
      files: {
        'app.js': `console.log('loading');
          ${nodeApp("res.end('done'); res.on('finish', () => setTimeout(() => console.log('afterwards'), 5));")}`,
      },
      env,
    });
    assert.equal((await (await lsnode.connect()).request()).stderr, '');
    await lsnode.printed(/loading\nafterwards\n/);
  });

  it('sends an error of the handler with its request', async () => {
    const lsnode = start({ files: { 'app.js': nodeApp("throw new Error('broken')") }, env });
    const response = await (await lsnode.connect()).request();
    assert.equal(response.status, 500);
    assert.match(response.stderr, /^lsapi\[\d+\]: error in the handler of GET \/: Error: broken\n/);
    assert.equal(lsnode.stderr, '');
  });

  it('sends lines whole, however they are written, and a rest without an end', async () => {
    const lsnode = start({
      files: {
        'app.js': nodeApp(`
          process.stderr.write('one '); process.stderr.write(Buffer.from('line\\nand ')); process.stdout.write('616263', 'hex');
          process.stderr.write('the rest', (error) => setTimeout(() => res.end(String(error)), 20));`),
      },
      env,
    });
    const response = await (await lsnode.connect()).request();
    assert.equal(response.text, 'null');
    const entries = response.packets.flatMap((packet) =>
      packet.type === 6 && 'payload' in packet ? [packet.payload.toString()] : [],
    );
    assert.deepEqual(entries, ['one line\n', 'and abcthe rest']);
  });

  it('cuts long text into packets that the server takes', async () => {
    const lsnode = start({
      files: { 'app.js': nodeApp("console.error('x'.repeat(40_000)); res.end('done');") },
      env,
    });
    const response = await (await lsnode.connect()).request();
    assert.equal(response.stderr, `${'x'.repeat(40_000)}\n`);
    assert.equal(response.text, 'done');
  });

  it('is of no effect where LSAPI_STDERR_LOG names a file', async function () {
    if (process.getuid?.() === 0) {
      // As root that variable is not read (protocol §5.12), so the stream is used.
      const lsnode = start({
        files: { 'app.js': nodeApp("console.error('printed'); res.end('done');") },
        env: { ...env, LSAPI_STDERR_LOG: 'log.txt' },
      });
      assert.equal((await (await lsnode.connect()).request()).stderr, 'printed\n');
      return;
    }
    const lsnode = start({
      files: { 'app.js': nodeApp("console.error('printed'); res.end('done');") },
      env: { ...env, LSAPI_STDERR_LOG: 'log.txt' },
    });
    assert.equal((await (await lsnode.connect()).request()).stderr, '');
    assert.equal(readFileSync(join(lsnode.directory, 'log.txt'), 'utf8'), 'printed\n');
  });

  it('holds in the children of a process group', async () => {
    const lsnode = start({
      files: { 'app.js': nodeApp("console.log('printed', req.url); res.end('done');") },
      env: { ...env, LSAPI_CHILDREN: '2' },
    });
    const response = await (await lsnode.connect()).request({ url: '/x' });
    // Behind the notice of the child's pid (protocol §2.5).
    assert.match(response.stderr, /^\0PID[^]{4}printed \/x\n$/);
  });
});

describe('LSNODE_STDERR=log, the default', () => {
  const start = lsnodes();

  it("leaves everything with the process's log", async () => {
    const lsnode = start({
      files: {
        'app.mjs': rawApp("console.error('printed'); response.send(200, null, 'done')"),
      },
    });
    assert.equal((await (await lsnode.connect()).request()).stderr, '');
    await lsnode.printed(/printed\n/);
  });
});
