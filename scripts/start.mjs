// `npm start`: the Express example behind the development gateway.
import { join } from 'node:path';
import { ensureBuilt, root, run } from './setup.mjs';

ensureBuilt();
const port = process.env.PORT || '8080';
run(process.execPath, [
  join(root, 'dist/cli/main.js'),
  '--http',
  `127.0.0.1:${port}`,
  join(root, 'examples/express/app.js'),
]);
