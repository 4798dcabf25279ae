import { raw } from 'lsapi';
import { BYTES, parts } from './download.mjs';

export default raw(async (request, response) => {
  response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': String(BYTES) });
  for (const part of parts()) {
    const taken = response.write(part);
    if (taken !== true) await taken;
  }
  response.end();
});
