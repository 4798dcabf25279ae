import assert from 'node:assert/strict';
import { createGateway, type Gateway } from '#lib/gateway/index.js';
import { statusMap } from '../support/vectors.js';
import { FakeApp } from './support/fake-app.js';
import { RawClient } from './support/http-client.js';

/** OpenLiteSpeed sends these as they are and the client waits for ever; the gateway answers 502 and says why. */
const isInterim = (status: number): boolean => status >= 100 && status <= 102;

describe('gateway: numeric status to status line', () => {
  let app: FakeApp;
  let gateway: Gateway;

  before(async () => {
    app = await FakeApp.start((delivery) => {
      delivery.answer(Number(delivery.request.queryString), ['Content-Type: text/plain'], 'body\n');
    });
    gateway = createGateway({ target: app.path, accessLog: false, errorLog: () => undefined });
    await gateway.listen(0);
  });

  after(() => Promise.all([gateway.close(), app.stop()]));

  it('is as recorded for every number', async () => {
    const seen: string[] = [];
    const expected: string[] = [];
    for (const { status, statusLine, body } of statusMap()) {
      const client = new RawClient(gateway);
      client.send(`GET /?${status} HTTP/1.1\r\nHost: h\r\n\r\n`);
      const [response] = await client.finals(['GET']);
      client.close();
      const hasBody = response?.body.toString() === 'body\n';
      seen.push(`${status} -> ${response?.status} ${hasBody}`);
      const code = isInterim(status) ? 502 : Number(statusLine.split(' ')[1]);
      expected.push(`${status} -> ${code} ${isInterim(status) ? false : body}`);
    }
    assert.deepEqual(seen, expected);
  });
});
