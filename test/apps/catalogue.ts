// The example apps: what each is an example of, how it is started, what is asked of it.
import type { AppRequest } from './requests.js';
import * as requests from './requests.js';

export interface ExampleApp {
  /** Its directory below examples/apps. */
  readonly name: string;
  /** For people: what it is built with. */
  readonly title: string;
  /** The package whose version the matrix shows. */
  readonly package?: string;
  /** How its modules are written, and how it comes to its server. */
  readonly style: string;
  /** Its start file for plain Node. */
  readonly file: string;
  /** What lsnode is given, where that is not the same; null: nothing, so that it looks for the start file itself. */
  readonly given?: string | null;
  /** Plain Node cannot run it: a program of ours hands requests to what it exports. */
  readonly exportsHandler?: boolean;
  /** It takes no package that this repository does not have for its own tests. */
  readonly light?: boolean;
  /** It has to be built before it is started. */
  readonly build?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** Only a Node that runs TypeScript runs it; others say so. */
  readonly typescript?: boolean;
  readonly requests: readonly AppRequest[];
  /** Headers that differ although both answers are right, and why. */
  readonly permitted?: Readonly<Record<string, string>>;
}

export const APPS: readonly ExampleApp[] = [
  {
    name: 'express-4',
    title: 'Express 4',
    package: 'express',
    style: 'CommonJS, `bin/www` of express-generator',
    file: 'bin/www',
    requests: requests.SITE,
  },
  {
    name: 'express-5',
    title: 'Express 5',
    package: 'express',
    style: 'CommonJS, listens where `require.main === module`',
    file: 'app.js',
    light: true,
    requests: requests.SITE,
  },
  {
    name: 'koa',
    title: 'Koa',
    package: 'koa',
    style: 'ESM, `app.listen()`',
    file: 'server.js',
    requests: requests.SITE_WITHOUT_RANGES,
  },
  {
    name: 'fastify',
    title: 'Fastify',
    package: 'fastify',
    style: 'ESM, `await app.listen()` on localhost',
    file: 'server.js',
    requests: requests.SITE,
  },
  {
    name: 'hono',
    title: 'Hono',
    package: 'hono',
    style: 'ESM, `serve()` of @hono/node-server',
    file: 'server.js',
    requests: requests.SITE,
  },
  {
    name: 'nest',
    title: 'NestJS',
    package: '@nestjs/core',
    style: 'TypeScript with decorators, compiled to CommonJS',
    file: 'dist/main.js',
    build: true,
    requests: requests.SITE,
  },
  {
    name: 'next',
    title: 'Next.js',
    package: 'next',
    style: 'standalone output',
    file: '.next/standalone/server.js',
    build: true,
    env: { NEXT_TELEMETRY_DISABLED: '1' },
    requests: requests.SITE,
    permitted: {
      'x-nextjs-prerender': 'it is sent twice with the same value, of which the server leaves one out',
    },
  },
  {
    name: 'svelte',
    title: 'SvelteKit',
    package: '@sveltejs/kit',
    style: 'ESM, adapter-node',
    file: 'build/index.js',
    build: true,
    env: { ORIGIN: 'http://example.test' },
    requests: requests.SITE,
  },
  {
    name: 'top-level-await',
    title: 'node:http',
    style: 'ESM with top-level await, found by `exports` of package.json',
    file: 'src/server.js',
    given: null,
    light: true,
    requests: requests.SITE_WITHOUT_RANGES,
  },
  {
    name: 'two-servers',
    title: 'node:http, two servers',
    style: 'CommonJS, found by `main` of package.json',
    file: 'server.js',
    given: null,
    light: true,
    requests: requests.TWO_SERVERS,
  },
  {
    name: 'typescript',
    title: 'node:http in TypeScript',
    style: '`.ts`, types stripped by Node',
    file: 'server.ts',
    light: true,
    typescript: true,
    requests: requests.TYPESCRIPT,
  },
  {
    name: 'late-listen',
    title: 'node:http',
    style: 'CommonJS, `listen()` after a wait, found as `index.js`',
    file: 'index.js',
    given: null,
    light: true,
    requests: requests.LATE,
  },
  {
    name: 'exported-function',
    title: 'Express 5, exported',
    package: 'express',
    style: 'CommonJS, `module.exports = app`, found as `app.js`',
    file: 'app.js',
    given: null,
    exportsHandler: true,
    light: true,
    requests: requests.FUNCTION,
  },
  {
    name: 'fetch',
    title: 'Hono, exported',
    package: 'hono',
    style: 'ESM, `export default { fetch }`',
    file: 'app.js',
    given: '.',
    exportsHandler: true,
    light: true,
    requests: requests.FETCH,
  },
];
