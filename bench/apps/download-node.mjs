import http from 'node:http';
import { pipeline, Readable } from 'node:stream';
import { BYTES, parts } from './download.mjs';

const server = http.createServer((request, response) => {
  response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': BYTES });
  pipeline(Readable.from(parts(), { objectMode: false, highWaterMark: 65536 }), response, () => undefined);
});
server.listen(process.env.BENCH_ADDRESS ?? 3000);
