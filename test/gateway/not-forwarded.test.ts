import assert from 'node:assert/strict';
import { createGateway, type Gateway } from '#lib/gateway/index.js';
import { notForwarded, type NotForwarded } from '../support/vectors.js';
import { FakeApp } from './support/fake-app.js';
import { RawClient } from './support/http-client.js';
import { recordedMapping, Site } from './support/site.js';

/** Where the gateway gives another status than OpenLiteSpeed, and why. */
const DIFFERENCES: { reason: string; applies: (entry: NotForwarded) => boolean; status: number }[] = [
  {
    reason: 'OpenLiteSpeed never answers and the client waits for its time limit; the gateway says 400',
    applies: ({ responseStatusLine }) => responseStatusLine === null,
    status: 400,
  },
  {
    reason: 'the gateway has no authentication of its own; the path of the recording belongs to nobody',
    applies: ({ responseStatusLine }) => responseStatusLine?.includes(' 401 ') === true,
    status: 404,
  },
];

describe('gateway: requests that the server answers itself', () => {
  let site: Site;
  let app: FakeApp;
  let gateway: Gateway;

  before(async () => {
    site = new Site();
    app = await FakeApp.start((delivery) => delivery.answer(200, ['Content-Type: text/plain'], 'forwarded'));
    gateway = createGateway({
      target: app.path,
      ...recordedMapping(site),
      accessLog: false,
      errorLog: () => undefined,
    });
    await gateway.listen(0);
  });

  after(async () => {
    await Promise.all([gateway.close(), app.stop()]);
    site.remove();
  });

  for (const entry of notForwarded()) {
    const differences = DIFFERENCES.filter(({ applies }) => applies(entry));
    it(`${entry.name}${differences.map(({ reason }) => ` (differs: ${reason})`).join('')}`, async () => {
      const client = new RawClient(gateway);
      client.send(entry.httpLatin1);
      const [response] = await client.finals([entry.httpLatin1.slice(0, entry.httpLatin1.indexOf(' '))]);
      client.close();
      const recorded = Number(entry.responseStatusLine?.split(' ')[1] ?? 0);
      assert.equal(response?.status, differences[0]?.status ?? recorded);
      if (differences.length > 0)
        assert.notEqual(response?.status, recorded, 'no difference: do not list it');
      assert.equal(app.deliveries.length, 0, 'the request reached the application');
    });
  }
});
