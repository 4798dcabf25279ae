// A fetch handler behind @hono/node-server: `hono.mjs PACKAGES APP`, with the package installed below PACKAGES.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [packages, app] = process.argv.slice(2);
const require = createRequire(join(packages, 'package.json'));
const { createAdaptorServer } = await import(pathToFileURL(require.resolve('@hono/node-server')).href);
const { default: handler } = await import(pathToFileURL(app).href);
createAdaptorServer({ fetch: handler.fetch }).listen(process.env.BENCH_ADDRESS);
