// An ordinary Express application: it runs with `node app.js`, and unchanged with `lsnode app.js`.
import { join } from 'node:path';
import cookieParser from 'cookie-parser';
import express from 'express';
import cookies from './routes/cookies.js';
import download from './routes/download.js';
import errors, { errorPage, notFoundPage } from './routes/errors.js';
import events from './routes/events.js';
import forms from './routes/forms.js';
import index from './routes/index.js';
import json from './routes/json.js';
import redirects from './routes/redirects.js';
import stream from './routes/stream.js';
import uploads from './routes/uploads.js';
import whoami from './routes/whoami.js';

const app = express();

app.use('/static', express.static(join(import.meta.dirname, 'public'), { index: false, maxAge: '1h' }));
app.use(cookieParser());
app.use(index, json, forms, uploads, cookies, redirects, stream, download, events, whoami, errors);
app.use(notFoundPage);
app.use(errorPage);

app.listen(process.env.PORT ?? 3000, (error) => {
  if (error) throw error;
  console.log('The Express example is ready.');
});
