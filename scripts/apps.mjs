// `npm run apps -- [--node VERSION] [--document] [NAME…]`: the example apps over node:http and over LSAPI.
import { join } from 'node:path';
import { fetchNode } from './fetch-node.mjs';
import { ensureBuilt, root, run } from './setup.mjs';

const parameters = process.argv.slice(2);
const at = parameters.indexOf('--node');
const version = at < 0 ? undefined : parameters.splice(at, 2)[1];

ensureBuilt();
const node = at < 0 ? process.execPath : fetchNode(version);
if (node === undefined) {
  console.error(`lsapi: Node ${version} could not be fetched`);
  process.exit(1);
}
run(node, [join(root, 'dist-dev/test/apps/run.js'), ...parameters]);
