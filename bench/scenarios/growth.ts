import { browserRequest, requestWithHeaders } from '../requests.js';
import type { Scenario } from './scenario.js';

const expected = 'Hello, World!';
const OURS_AND_NODE = ['lsapi raw', 'lsapi node', 'node:http', 'lsapi fetch'];

/** How costs grow with what there is more of. */
export const growthScenarios: readonly Scenario[] = [
  {
    kind: 'load',
    name: 'headers',
    title: 'Hello, by the number of headers of the request',
    app: 'hello',
    peers: OURS_AND_NODE,
    points: [5, 10, 20, 50, 100, 200].map((count) => ({
      label: `${count} headers`,
      request: requestWithHeaders(count),
      connections: 16,
      expected,
    })),
  },
  {
    kind: 'load',
    name: 'idle',
    title: 'Hello on 16 connections, by the number of idle ones beside them',
    app: 'hello',
    peers: OURS_AND_NODE,
    points: [0, 100, 1000].map((idleConnections) => ({
      label: `${idleConnections} idle`,
      request: browserRequest(),
      connections: 16,
      idleConnections,
      expected,
    })),
  },
  {
    kind: 'load',
    name: 'children',
    title: 'Hello by a process group, a connection for each child, by the number of children',
    app: 'hello',
    peers: ['lsapi raw', 'lsapi node', 'C library'],
    points: [2, 10, 50, 100].map((children) => ({
      label: `${children} children`,
      request: browserRequest(),
      connections: children,
      children,
      expected,
    })),
  },
];
