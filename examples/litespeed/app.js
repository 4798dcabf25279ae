// An Express app that has the server do what it does better: cache pages, deliver files.
import express from 'express';
import { acceleratedSendFile, cacheControl, cachePurge, cacheTags, cacheSupport } from 'lsapi/litespeed';
import { fileURLToPath } from 'node:url';

const files = process.env.FILES ?? fileURLToPath(new URL('files', import.meta.url));
const articles = new Map([['1', 'Hello']]);

const app = express();
app.use(acceleratedSendFile({ mounts: [{ uri: '/files/', directory: files }] }));

// Cached by the server for an hour, until somebody changes the article.
app.get('/articles/:id', (request, response) => {
  const { id } = request.params;
  const text = articles.get(id);
  if (text === undefined) {
    response.status(404).send('No such article');
    return;
  }
  response.setHeader(...cacheControl({ maxAge: 3600 }));
  response.setHeader(...cacheTags(`article_${id}`));
  response.send(text);
});

app.put('/articles/:id', express.text(), (request, response) => {
  articles.set(request.params.id, request.body);
  response.setHeader(...cachePurge({ tags: [`article_${request.params.id}`] }));
  response.sendStatus(204);
});

// Who may have it is the app's decision, the bytes are the server's.
app.get('/download/:name', (request, response, next) => {
  response.cookie('downloaded', request.params.name);
  response.download(request.params.name, { root: files }, (error) => {
    if (error && !response.headersSent) next(error);
  });
});

app.get('/cache', (request, response) => response.json(cacheSupport(request.lsapi?.env ?? {})));

app.listen(process.env.PORT ?? 3000);
