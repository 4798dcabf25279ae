import { FASTIFY_LEFT_OUT, NODE_LEFT_OUT, type LeftOut } from './left-out.js';

/** A test suite of somebody else's, as it is run on our stack. */
export interface Suite {
  /** Also the name of its checkout's directory. */
  readonly name: string;
  /** On GitHub. */
  readonly repository: string;
  /** The tag whose tests were compared last. */
  readonly tag: string;
  readonly runner: 'mocha' | 'node-test' | 'vitest' | 'files';
  /** Arguments of the runner as the suite's package.json has them, without those about output and `--bail`. */
  readonly arguments?: readonly string[];
  /** Test files: a directory, searched recursively, and how their names end. For `node-test` and `files`. */
  readonly files?: { readonly directory: string; readonly pattern: RegExp };
  /** Files of those that cannot tell anything here; each counts by the first reason that fits. */
  readonly leftOut?: readonly LeftOut[];
  /** How to get it, where no tag of the repository can be cloned in reasonable time. */
  readonly source?: string;
  /** A command of the suite's that makes what its tests need. */
  readonly prepare?: readonly string[];
}

export const SUITES: readonly Suite[] = [
  {
    name: 'express-4',
    repository: 'expressjs/express',
    tag: '4.22.0',
    runner: 'mocha',
    arguments: ['--require', 'test/support/env', '--check-leaks', 'test/', 'test/acceptance/'],
  },
  {
    name: 'express-5',
    repository: 'expressjs/express',
    tag: 'v5.2.1',
    runner: 'mocha',
    arguments: ['--require', 'test/support/env', '--check-leaks', 'test/', 'test/acceptance/'],
  },
  {
    name: 'koa',
    repository: 'koajs/koa',
    tag: 'v3.2.0',
    runner: 'node-test',
    files: { directory: '__tests__', pattern: /\.test\.js$/ },
  },
  {
    name: 'connect',
    repository: 'senchalabs/connect',
    tag: '3.7.0',
    runner: 'mocha',
    arguments: ['--require', 'test/support/env', '--check-leaks', 'test/'],
  },
  {
    name: 'finalhandler',
    repository: 'pillarjs/finalhandler',
    tag: 'v2.1.1',
    runner: 'mocha',
    arguments: ['--check-leaks', 'test/'],
  },
  {
    name: 'send',
    repository: 'pillarjs/send',
    tag: '1.2.1',
    runner: 'mocha',
    arguments: ['--check-leaks'],
  },
  {
    name: 'serve-static',
    repository: 'expressjs/serve-static',
    tag: 'v2.2.1',
    runner: 'mocha',
    arguments: ['--check-leaks', 'test/'],
  },
  {
    name: 'body-parser',
    repository: 'expressjs/body-parser',
    tag: 'v2.3.0',
    runner: 'mocha',
    arguments: ['--check-leaks', 'test/'],
  },
  {
    name: 'compression',
    repository: 'expressjs/compression',
    tag: 'v1.8.1',
    runner: 'mocha',
    arguments: ['--check-leaks'],
  },
  {
    name: 'on-finished',
    repository: 'jshttp/on-finished',
    tag: 'v2.4.1',
    runner: 'mocha',
    arguments: ['--check-leaks', 'test/'],
  },
  {
    name: 'on-headers',
    repository: 'jshttp/on-headers',
    tag: 'v1.1.0',
    runner: 'mocha',
    arguments: ['--check-leaks', 'test/test.js'],
  },
  {
    name: 'morgan',
    repository: 'expressjs/morgan',
    tag: '1.10.1',
    runner: 'mocha',
    arguments: ['--check-leaks'],
  },
  {
    name: 'multer',
    repository: 'expressjs/multer',
    tag: 'v2.1.1',
    runner: 'mocha',
    arguments: ['--exit', '--check-leaks', 'test/'],
  },
  {
    name: 'express-session',
    repository: 'expressjs/session',
    tag: 'v1.19.0',
    runner: 'mocha',
    arguments: ['--require', 'test/support/env', '--check-leaks', '--no-exit', 'test/'],
    prepare: ['sh', './test/support/gencert.sh'],
  },
  {
    name: 'supertest',
    repository: 'ladjs/supertest',
    tag: 'v6.3.4',
    runner: 'mocha',
    arguments: ['--exit', '--require', 'should', '--check-leaks'],
  },
  {
    name: 'node-server',
    repository: 'honojs/node-server',
    tag: 'v2.0.11',
    runner: 'vitest',
  },
  {
    name: 'fastify',
    repository: 'fastify/fastify',
    tag: 'v5.12.1',
    runner: 'node-test',
    files: { directory: 'test', pattern: /\.test\.js$/ },
    leftOut: FASTIFY_LEFT_OUT,
  },
  {
    name: 'node',
    repository: 'nodejs/node',
    tag: 'v20.19.2',
    runner: 'files',
    files: { directory: 'test/parallel', pattern: /^test-http-.*\.js$/ },
    leftOut: NODE_LEFT_OUT,
    source:
      'test/parallel/test-http-*, test/common and test/fixtures of the source archive, and a package.json with the version',
  },
];
