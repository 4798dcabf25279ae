// TypeScript as Node runs it by itself: types are taken out, nothing is compiled.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { parseNote, type Note } from './note.ts';

const port: number = Number(process.env.PORT ?? 3000);

async function readText(req: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of req.setEncoding('utf8')) text += chunk as string;
  return text;
}

function sendJson(res: ServerResponse, status: number, value: object): void {
  res.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
}

const server = createServer(async (req, res) => {
  if (req.method === 'POST' && req.url === '/notes') {
    const note: Note | undefined = parseNote(await readText(req));
    if (note === undefined) sendJson(res, 400, { error: 'This is no note.' });
    else sendJson(res, 201, { note });
  } else if (req.url === '/') {
    res.setHeader('Content-Type', 'text/html; charset=utf-8');
    res.end('<!doctype html><title>Notes</title><h1>Grüße in TypeScript</h1>');
  } else {
    sendJson(res, 404, { error: 'There is nothing.' });
  }
});

server.listen(port, () => console.log(`Listening on port ${port}`));
