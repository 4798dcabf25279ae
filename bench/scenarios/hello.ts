import { browserRequest, smallRequest } from '../requests.js';
import type { Point, Scenario } from './scenario.js';

const CONNECTIONS = [1, 16, 64, 256];
const expected = 'Hello, World!';
const ALL = [
  ...['null', 'lsapi raw', 'C library', 'lsapi node', 'node:http', 'lsapi fetch', '@hono/node-server', 'bun'],
  ...['lsapi wsgi', 'C library + CPython WSGI'],
];

export function connectionCount(count: number): string {
  return count === 1 ? '1 connection' : `${count} connections`;
}

function points(request: Point['request'], counts = CONNECTIONS): Point[] {
  return counts.map((connections) => ({
    label: connectionCount(connections),
    request,
    connections,
    expected,
  }));
}

/** The smallest answer, in every style and by every peer. */
export const helloScenarios: readonly Scenario[] = [
  {
    kind: 'load',
    name: 'hello',
    title: 'Hello, browser-like request',
    app: 'hello',
    peers: ALL,
    points: points(browserRequest()),
    takesCustomPeers: true,
  },
  {
    kind: 'load',
    name: 'express',
    title: 'Hello by Express, browser-like request',
    app: 'express',
    peers: ['lsapi express', 'express on node:http'],
    points: points(browserRequest(), [16, 64]),
  },
  {
    kind: 'load',
    name: 'hello-small',
    title: 'Hello, small request',
    app: 'hello',
    peers: ALL,
    points: points(smallRequest()),
    takesCustomPeers: true,
  },
  {
    kind: 'load',
    name: 'hello-tcp',
    title: 'Hello over TCP, browser-like request',
    app: 'hello',
    peers: ['null', 'lsapi raw', 'lsapi node', 'node:http', 'lsapi fetch', '@hono/node-server'],
    points: points(browserRequest(), [16]).map((point) => ({ ...point, tcp: true })),
  },
  {
    kind: 'load',
    name: 'hello-fresh',
    title: 'Hello, a connection for each request, browser-like request',
    app: 'hello',
    peers: ['lsapi raw', 'C library', 'lsapi node', 'node:http'],
    points: points(browserRequest(), [16]).map((point) => ({ ...point, keepAlive: false })),
  },
];
