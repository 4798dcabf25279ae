// What LiteSpeed can do for an app: send files, keep pages, forget them again. With plain Node it works as well, just
// without the server's help.
import { join } from 'node:path';
import express from 'express';
import {
  acceleratedSendFile,
  applyHeaders,
  cacheControl,
  cachePurge,
  cacheTag,
  cacheVary,
} from 'lsapi/litespeed';

const downloads = join(import.meta.dirname, 'site/_downloads');
const products = new Map([
  ['1', 'A chair'],
  ['2', 'A table'],
]);

const app = express();
app.use(express.urlencoded({ extended: false }));
app.use(acceleratedSendFile({ roots: [{ directory: downloads, uri: '/_downloads/' }] }));

/** Kept for everybody, in the language of the cookie `lang`, until a product of the list changes. */
app.get('/products', (req, res) => {
  applyHeaders(
    res,
    cacheControl({ scope: 'public', maxAge: 3600 }),
    cacheTag(['products']),
    cacheVary({ cookies: ['lang'] }),
  );
  res.json(Object.fromEntries(products));
});

/** What it changes is purged: the page of the product now, the list once it has been made anew. */
app.post('/products/:id', (req, res) => {
  const { id } = req.params;
  if (!/^\d+$/.test(id) || typeof req.body?.name !== 'string') return res.sendStatus(400);
  products.set(id, req.body.name);
  applyHeaders(res, cachePurge({ urls: [`/products/${id}`] }, { tags: ['products'], stale: true }));
  res.sendStatus(204);
});

/** Each client's own. */
app.get('/cart', (req, res) => {
  applyHeaders(
    res,
    cacheControl({ scope: 'private', maxAge: 60 }),
    cacheTag({ public: ['products'], private: ['cart'] }),
  );
  res.json({ items: 0 });
});

/** The app decides who gets the file, the server sends it. */
app.get('/downloads/:name', (req, res, next) => {
  if (req.query.key !== 'open') return res.status(403).send('The key is missing.\n');
  res.set('X-Robots-Tag', 'noindex');
  res.download(req.params.name, { root: downloads, maxAge: '1h' }, (error) => {
    console.log(`download of ${req.params.name}: ${error?.code ?? 'handed over'}`);
    if (error) next(error);
  });
});

app.get('/whereabouts', (req, res) => {
  const {
    GEOIP_COUNTRY_CODE: country,
    HTTPS,
    'X-LSCACHE': cache,
    SERVER_SOFTWARE: server,
  } = req.lsapi?.env ?? {};
  res.json({ country, encrypted: HTTPS === 'on', cache, server });
});

app.listen(process.env.PORT ?? 3000);
