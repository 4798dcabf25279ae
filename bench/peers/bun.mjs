// A fetch handler on Bun: `bun bun.mjs APP`.
import { pathToFileURL } from 'node:url';

const { default: handler } = await import(pathToFileURL(process.argv[2]).href);
Bun.serve({ unix: process.env.BENCH_ADDRESS, fetch: handler.fetch });
