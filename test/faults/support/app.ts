import { join } from 'node:path';
import { root } from '../../cli/support/lsnode.js';

/**
 * The app of the fault suite. Its URLs are /WHAT/ID?NUMBER; what its handlers get stands in its journal.
 *
 * | what   | the answer                                                                |
 * | ------ | --------------------------------------------------------------------------- |
 * | plain  | the process id                                                            |
 * | wait   | likewise, after so many milliseconds                                      |
 * | read   | how many bytes the body had                                               |
 * | head   | the header at once, the body after so many milliseconds                   |
 * | stream | so many bytes, as fast as they are taken                            |
 * | early  | without a look at the body                                                |
 * | print  | after a line on stderr and one on stdout, so many bytes long              |
 */
export const APP = `import { openSync, writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { raw } from ${JSON.stringify(join(root, 'dist/index.js'))};
const journal = openSync('journal', 'a');
const chunk = Buffer.alloc(64 * 1024, 'x');
const wait = (milliseconds, signal) => delay(milliseconds, undefined, { signal }).catch(() => undefined);
export default raw(async (request, response) => {
  const [, what, id, number] = /^\\/([a-z]+)\\/(\\d+)\\?(\\d+)$/.exec(request.url);
  const note = (text) => writeSync(journal, text + ' ' + id + ' ' + process.pid + '\\n');
  const amount = Number(number);
  note('begin');
  request.signal.addEventListener('abort', () => note('gone'));
  const answer = () => response.send(200, null, String(process.pid));
  if (what === 'plain' || what === 'early') return answer();
  if (what === 'wait') {
    await wait(amount, request.signal);
    return answer();
  }
  if (what === 'print') {
    console.error('printed by ' + id + ' ' + '-'.repeat(amount));
    process.stdout.write('printed on stdout by ' + id + '\\n');
    return answer();
  }
  if (what === 'head') {
    response.writeHead(200, null);
    response.flush();
    await wait(amount, request.signal);
    return response.end(String(process.pid));
  }
  if (what === 'read') {
    let size = 0;
    for await (const part of request.body) {
      if (size === 0) note('read');
      size += part.length;
    }
    return response.send(200, null, String(size));
  }
  response.writeHead(200, null);
  for (let left = amount; left > 0 && !request.signal.aborted; left -= chunk.length) {
    await response.write(left < chunk.length ? chunk.subarray(0, left) : chunk);
  }
  response.end();
});
`;
