// Apps as people write them for plain Node, in `examples/apps`: none of them knows of LiteSpeed.
import type { Call } from '../examples/client.js';

export interface App {
  /** Its directory below `examples/apps`. */
  readonly name: string;
  readonly title: string;
  /** The package whose version the matrix shows. */
  readonly framework?: string;
  /** How its modules are written, and what it is started by, for the matrix. */
  readonly kind: string;
  /** What `node` and `lsnode` are started with, in its directory; `lsnode` without it finds the app by itself. */
  readonly entry: string;
  /** What `lsnode` is started with where that is something else. */
  readonly lsnodeEntry?: string;
  /** Whether it has a build script. */
  readonly build?: true;
  /** The first Node that runs it. */
  readonly node?: readonly [major: number, minor: number];
  /** Paths that must be answered with 200: the app is there. */
  readonly served: readonly string[];
  /** What is asked of it besides {@link CALLS}. */
  readonly calls?: readonly Call[];
  /** Variables that make its second server listen on a free port, which then answers. */
  readonly secondPort?: string;
}

const JSON_TYPE = { 'Content-Type': 'application/json' };
const body = JSON.stringify({ text: 'Grüße', list: [1, 2, 3], long: 'x'.repeat(20_000) });

/** Asked of every app. What one does not have, it answers with its own 404. */
export const CALLS: readonly Call[] = [
  { path: '/' },
  { path: '/', method: 'HEAD' },
  { path: '/', headers: { 'If-None-Match': '"of-another-time"' } },
  { path: '/echo', method: 'POST', headers: JSON_TYPE, body },
  { path: '/echo', method: 'POST', headers: JSON_TYPE, body: '{"broken":' },
  { path: '/redirect' },
  { path: '/cookies', headers: { Cookie: 'theme=light; seen=yes' } },
  { path: '/stream' },
  { path: '/static/file.txt' },
  { path: '/static/file.txt', headers: { Range: 'bytes=2-3' } },
  { path: '/static/missing.txt' },
  { path: '/request?a=1&b=%C3%A9', headers: { 'User-Agent': 'test' } },
  { path: '/error' },
  { path: '/nowhere' },
  { path: '/nowhere', method: 'DELETE' },
];

const WEB_FRAMEWORK_CALLS: readonly Call[] = [
  { path: '/api/echo', method: 'POST', headers: JSON_TYPE, body },
  { path: '/greet/World?from=me' },
  { path: '/greet/W%C3%B6rld' },
  { path: '/file.txt' },
  { path: '/file.txt', headers: { Range: 'bytes=2-3' } },
];

export const APPS: readonly App[] = [
  {
    name: 'commonjs',
    title: 'no framework',
    kind: 'CommonJS, `module.exports = app`, found by `main` of package.json',
    entry: 'lib/index.js',
    lsnodeEntry: '.',
    served: ['/', '/static/file.txt'],
  },
  {
    name: 'esm-top-level-await',
    title: 'no framework',
    kind: 'ESM with top-level await',
    entry: 'app.js',
    served: ['/'],
  },
  {
    name: 'late-listen',
    title: 'no framework',
    kind: 'CommonJS, listens late',
    entry: 'server.js',
    served: ['/'],
  },
  {
    name: 'two-servers',
    title: 'no framework',
    kind: 'ESM, two servers',
    entry: 'app.js',
    served: ['/'],
    secondPort: 'FIGURES_PORT',
  },
  {
    name: 'typescript',
    title: 'no framework',
    kind: 'TypeScript, as Node runs it',
    entry: 'app.ts',
    node: [22, 18],
    served: ['/'],
  },
  {
    name: 'express-4',
    title: 'Express 4',
    framework: 'express',
    kind: 'CommonJS',
    entry: 'server.js',
    served: ['/', '/static/file.txt'],
  },
  {
    name: 'express-5',
    title: 'Express 5',
    framework: 'express',
    kind: 'ESM',
    entry: 'server.js',
    served: ['/', '/static/file.txt'],
  },
  { name: 'koa', title: 'Koa', framework: 'koa', kind: 'CommonJS', entry: 'app.js', served: ['/'] },
  {
    name: 'fastify',
    title: 'Fastify',
    framework: 'fastify',
    kind: 'ESM, `await app.listen()`',
    entry: 'app.js',
    served: ['/', '/static/file.txt'],
  },
  {
    name: 'hono',
    title: 'Hono',
    framework: 'hono',
    kind: 'ESM, @hono/node-server',
    entry: 'app.js',
    served: ['/'],
  },
  {
    name: 'nestjs',
    title: 'NestJS',
    framework: '@nestjs/core',
    kind: 'TypeScript, compiled to CommonJS',
    entry: 'dist/main.js',
    build: true,
    served: ['/'],
  },
  {
    name: 'nextjs',
    title: 'Next.js',
    framework: 'next',
    kind: '`output: "standalone"`',
    entry: '.next/standalone/server.js',
    build: true,
    served: ['/', '/greet/World?from=me'],
    calls: WEB_FRAMEWORK_CALLS,
  },
  {
    name: 'sveltekit',
    title: 'SvelteKit',
    framework: '@sveltejs/kit',
    kind: 'ESM, adapter-node',
    entry: 'build/index.js',
    build: true,
    served: ['/', '/greet/World?from=me', '/file.txt'],
    calls: WEB_FRAMEWORK_CALLS,
  },
];

/** Whether this Node runs the app. */
export function runsHere({ node }: App): boolean {
  if (node === undefined) return true;
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > node[0] || (major === node[0] && minor >= node[1]);
}
