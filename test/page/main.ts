// `npm run test:page`: the status page in a real Chromium, under load. `-- --update` renews docs/status-page.png.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { GroupStatus } from '#lib/status/index.js';
import { main, rawApp, root } from '../cli/support/lsnode.js';
import { Page } from './chromium.js';

const CHROMIUM = process.env.CHROMIUM ?? 'chromium';
const SAMPLES = Number(process.env.PAGE_SAMPLES ?? 12);
const PATIENCE_MS = 120_000;
const LARGEST_SCREENSHOT = 150_000;

async function until(what: string, condition: () => unknown): Promise<void> {
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; await delay(100)) {
    if ((await condition()) === true) return;
  }
  throw new Error(`did not come true: ${what}`);
}

async function ask(url: string): Promise<string> {
  const [response] = (await once(get(url, { agent: false }), 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return text;
}

const directory = realpathSync(mkdtempSync(join(tmpdir(), 'shop-')));
writeFileSync(
  join(directory, 'app.mjs'),
  rawApp(`
    await delay(request.url.startsWith('/report') ? 400 : Math.random() ** 3 * 60);
    response.send(request.url === '/missing' ? 404 : 200, null, 'x');`),
);
const lsnode = spawn(
  process.execPath,
  [main, '--http', '127.0.0.1:0', '--status-path', '/lsnode-status', 'app.mjs'],
  {
    cwd: directory,
    env: { ...process.env, LSAPI_CHILDREN: '8' },
    stdio: ['ignore', 'pipe', 'inherit'],
  },
);
let page: Page | undefined;
let busy = true;
try {
  let printed = '';
  lsnode.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString('utf8')));
  await until('lsnode listens', () => /^http:.*\//m.test(printed));
  const [url = ''] = /^http:.*\//m.exec(printed) ?? [];
  // What a client may try: it must be seen as text.
  const paths = ['/', '/', '/cart', '/missing', '/report?from=<img src=x onerror=alert(1)>'];
  const clients = Array.from({ length: 5 }, async (_, client) => {
    for (let n = client; busy; n++)
      await ask(encodeURI(new URL(url).origin) + (paths[n % paths.length] ?? '').replaceAll(' ', '+'));
  });
  page = await Page.open(CHROMIUM, `${url}lsnode-status`, 1160, 760);
  const shown = page;
  await until('the page has its samples', async () => {
    return Number(await shown.evaluate('document.body.dataset.samples')) >= SAMPLES;
  });
  await until('all charts have lines', () =>
    shown.evaluate(
      `[...document.querySelectorAll('figure')].length === 4 &&
       [...document.querySelectorAll('path')].every((path) => /^M[\\d.]+ [\\d.]+L/.test(path.getAttribute('d')))`,
    ),
  );
  // Children come and go: what the page shows is that of a moment ago.
  await until('the page shows the children that there are', async () => {
    const [now] = JSON.parse(await ask(`${url}lsnode-status/status.json`)) as GroupStatus[];
    const table = String(await shown.evaluate('document.body.innerText'));
    return now !== undefined && now.children.every(({ pid }) => table.includes(String(pid)));
  });
  const [status] = JSON.parse(await ask(`${url}lsnode-status/status.json`)) as GroupStatus[];
  const text = String(await shown.evaluate('document.body.innerText'));
  assert.ok(status);
  assert.ok(text.includes(directory), text);
  assert.ok(text.includes(`parent ${status.pid}, serving`), text);
  assert.equal(await shown.evaluate('document.images.length'), 0);
  assert.equal(await shown.evaluate('document.getElementById("state").textContent'), 'live');
  assert.deepEqual(shown.complaints, []);
  const screenshot = await shown.screenshot();
  assert.ok(screenshot.length < LARGEST_SCREENSHOT, `the screenshot has ${screenshot.length} bytes`);
  if (process.argv.includes('--update')) writeFileSync(join(root, 'docs/status-page.png'), screenshot);
  busy = false;
  await Promise.all(clients);
  console.log(`status page in Chromium: ok (${SAMPLES} samples, screenshot of ${screenshot.length} bytes)`);
} finally {
  busy = false;
  await page?.close();
  lsnode.kill('SIGTERM');
  await once(lsnode, 'exit');
  rmSync(directory, { recursive: true });
}
