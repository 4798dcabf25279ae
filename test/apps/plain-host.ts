// `node plain-host.js FILE`: serves with plain Node what an app exports and does not listen with itself, as a platform
// would that the app was written for. The measure for the same app under lsnode.
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { pathToFileURL } from 'node:url';

type Fetch = (request: Request) => Response | Promise<Response>;
type Exported = RequestListener | { readonly fetch: Fetch };

const [, , file = ''] = process.argv;
const { default: exported } = (await import(pathToFileURL(resolve(file)).href)) as { default: Exported };
const listener: RequestListener =
  typeof exported === 'function' ? exported : (req, res) => void answer(exported.fetch, req, res);
createServer(listener).listen(process.env.PORT);

async function answer(fetch: Fetch, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const hasBody = req.method !== 'GET' && req.method !== 'HEAD';
  const request = new Request(`http://${req.headers.host}${req.url}`, {
    method: req.method ?? 'GET',
    headers: Object.entries(req.headers) as [string, string][],
    ...(hasBody && {
      body: Readable.toWeb(req) as unknown as NonNullable<RequestInit['body']>,
      duplex: 'half',
    }),
  });
  const response = await fetch(request);
  res.statusCode = response.status;
  for (const [name, value] of response.headers) res.appendHeader(name, value);
  if (response.body === null) res.end();
  else await pipeline(Readable.fromWeb(response.body), res);
}
