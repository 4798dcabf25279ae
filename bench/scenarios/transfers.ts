import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { browserRequest, uploadRequest } from '../requests.js';
import type { Scenario } from './scenario.js';

const MEGABYTE = 1_000_000;
const GIGABYTE = 1_000_000_000;
const DOWNLOAD = 100_000_000; // as bench/apps/download.mjs

const peers = ['lsapi raw', 'lsapi node', 'node:http', 'lsapi fetch', '@hono/node-server', 'bun'];

function upload(name: string, bytes: number, connections: number): Scenario {
  return {
    kind: 'load',
    name,
    title: `Upload of ${bytes === GIGABYTE ? '1 GB' : '1 MB'}`,
    app: 'upload',
    peers,
    bytes,
    points: [
      {
        label: `${connections} connection${connections > 1 ? 's' : ''}`,
        request: uploadRequest('application/octet-stream', bytes),
        uploadBytes: bytes,
        connections,
        expected: String(bytes),
      },
    ],
  };
}

/** Large bodies in both directions. `directory`: where the file that is sent may lie. */
export function transferScenarios(directory: string): readonly Scenario[] {
  const download = {
    label: '4 connections',
    request: browserRequest(),
    connections: 4,
    expected: DOWNLOAD,
  };
  return [
    upload('upload', MEGABYTE, 16),
    upload('upload-large', GIGABYTE, 1),
    {
      kind: 'load',
      name: 'download',
      title: 'Download of 100 MB, streamed',
      app: 'download',
      peers,
      bytes: DOWNLOAD,
      points: [download],
    },
    {
      kind: 'load',
      name: 'download-file',
      title: 'Download of a file of 100 MB, by sendFile() of Express',
      app: 'file',
      peers: ['lsapi express', 'express on node:http'],
      bytes: DOWNLOAD,
      points: [download],
      env: () => ({ BENCH_FILE: largeFile(directory) }),
    },
  ];
}

function largeFile(directory: string): string {
  const path = join(directory, 'large-file.bin');
  const file = openSync(path, 'w');
  const part = Buffer.alloc(MEGABYTE, 'x');
  for (let size = 0; size < DOWNLOAD; size += MEGABYTE) writeSync(file, part);
  closeSync(file);
  return path;
}
