import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BROWSER_TARGET, browserRequest, postRequest } from '../requests.js';
import type { Scenario } from './scenario.js';

interface PageModule {
  render(target: string): string;
}

const ITEMS = Array.from({ length: 12 }, (_, id) => ({
  id,
  name: `Item number ${id}`,
  tags: ['small', 'blue', 'new'],
  price: 9.5 + id,
  available: id % 3 > 0,
}));

/** Answers as apps give them: a rendered page, JSON. */
export async function contentScenarios(root: string): Promise<readonly Scenario[]> {
  const page = (await import(pathToFileURL(join(root, 'bench/apps/page.mjs')).href)) as PageModule;
  const json = JSON.stringify({ order: 4711, customer: 'Ada Lovelace', items: ITEMS });
  const peers = ['lsapi raw', 'lsapi node', 'node:http', 'lsapi fetch', '@hono/node-server', 'bun'];
  return [
    {
      kind: 'load',
      name: 'page',
      title: 'HTML of 10 KB with 12 headers',
      app: 'page',
      peers,
      points: [
        {
          label: '16 connections',
          request: browserRequest(),
          connections: 16,
          expected: page.render(BROWSER_TARGET),
        },
      ],
    },
    {
      kind: 'load',
      name: 'json',
      title: `JSON echo, ${json.length} bytes`,
      app: 'echo',
      peers,
      points: [
        {
          label: '16 connections',
          request: postRequest('application/json', Buffer.from(json)),
          connections: 16,
          expected: json,
        },
      ],
    },
  ];
}
