import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';

const logo = await readFile(new URL('public/logo.svg', import.meta.url));
const { makeSite } = await import('./site.js');

const server = createServer(makeSite({ title: 'Grüße mit await', logo }));
server.listen({ port: process.env.PORT || 3000 });
await once(server, 'listening');
console.log(`Listening on port ${server.address().port}`);
