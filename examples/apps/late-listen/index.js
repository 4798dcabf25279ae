// Listens only once it has what it needs, as apps do that wait for their database.
const { createServer } = require('node:http');
const { setTimeout: delay } = require('node:timers/promises');

async function connectToDatabase() {
  await delay(300);
  return new Map([['1', 'Buy milk']]);
}

async function main() {
  const notes = await connectToDatabase();
  const server = createServer((req, res) => {
    const [, kind, id] = req.url.split('/');
    const note = kind === 'notes' ? notes.get(id) : undefined;
    res.setHeader('Content-Type', 'text/plain; charset=utf-8');
    if (note !== undefined) res.end(note);
    else res.writeHead(404).end('There is no such note.');
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(Number(process.env.PORT || 3000), '127.0.0.1', resolve);
  });
  console.log(`Listening on ${JSON.stringify(server.address())}`);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
