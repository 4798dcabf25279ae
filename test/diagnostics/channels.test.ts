import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { lsnodes, rawApp } from '../cli/support/lsnode.js';
import { groups, connected, ask, eventually } from '../process-group/support/group.js';

/** Prints what is published, one line of JSON each. */
const SUBSCRIBE = `
import { subscribe } from 'node:diagnostics_channel';
import { writeSync } from 'node:fs';
const tell = (name) => (message) => {
  const header = message.header?.('x-test');
  writeSync(2, 'TOLD ' + name + ' ' + JSON.stringify({ ...message, header, loader }) + '\\n');
};
const loader = process.pid;
for (const name of ['request.start', 'request.end', 'process.start', 'process.end', 'group.start'])
  subscribe('lsapi.' + name, tell(name));
`;

interface Told {
  readonly name: string;
  readonly message: Readonly<Record<string, unknown>>;
}

function told(stderr: string, name?: string): Told[] {
  return [...stderr.matchAll(/^TOLD (\S+) (.*)$/gm)]
    .map(([, found = '', json = '{}']) => ({ name: found, message: JSON.parse(json) as Told['message'] }))
    .filter((one) => name === undefined || one.name === name);
}

describe('the channels of node:diagnostics_channel', () => {
  const start = lsnodes();
  const startGroup = groups();

  for (const [style, files] of Object.entries({
    node: {
      'app.mjs': `${SUBSCRIBE} import http from 'node:http';
      http.createServer((req, res) => { res.statusCode = 201; res.end('x'); }).listen(80);`,
    },
    raw: { 'app.mjs': SUBSCRIBE + rawApp(`response.send(201, null, 'x');`) },
    fetch: { 'app.mjs': `${SUBSCRIBE} export default { fetch: () => new Response('x', { status: 201 }) };` },
  })) {
    it(`tell of each request, its answer and the process (${style} style)`, async () => {
      const lsnode = start({ files });
      await (await lsnode.connect()).request({ url: '/a?b', method: 'PUT', headers: { 'X-Test': 'yes' } });
      lsnode.child.kill('SIGTERM');
      await lsnode.exited;
      const messages = told(lsnode.stderr);
      assert.deepEqual(
        messages.map(({ name }) => name),
        ['process.start', 'request.start', 'request.end', 'process.end'],
      );
      const [begun, first, last, ended] = messages.map(({ message }) => message);
      assert.deepEqual([begun?.pid, begun?.role, begun?.root], [lsnode.pid, 'worker', lsnode.directory]);
      assert.deepEqual(
        [first?.style, first?.method, first?.url, first?.header, first?.status],
        [style, 'PUT', '/a?b', 'yes', undefined],
      );
      assert.deepEqual([last?.status, last?.aborted, typeof last?.duration], [201, false, 'number']);
      assert.deepEqual([ended?.pid, ended?.exitCode, ended?.requests], [lsnode.pid, 0, 1]);
    });
  }

  it('tell of a request that the server gives up, and of the status that had been sent by then', async () => {
    const lsnode = start({
      files: {
        'app.mjs': SUBSCRIBE + rawApp(`response.writeHead(200); response.write('a'); await delay(60_000);`),
      },
    });
    const client = await lsnode.connect();
    await client.send({ url: '/' });
    await eventually('the request has begun', () => told(lsnode.stderr, 'request.start').length === 1);
    client.close();
    await eventually('its end is told', () => told(lsnode.stderr, 'request.end').length === 1);
    const [end] = told(lsnode.stderr, 'request.end');
    assert.deepEqual([end?.message.aborted, end?.message.status], [true, 200]);
  });

  it('are inherited by the children of a group, and tell there of the fork, in the parent of the group', async () => {
    const lsnode = startGroup(
      { LSAPI_CHILDREN: '2' },
      { files: { 'app.mjs': SUBSCRIBE + rawApp(`response.send(200, null, 'v1 ' + process.pid + ' 1');`) } },
    );
    const { client, pid } = await connected(lsnode);
    await ask(client);
    lsnode.child.kill('SIGTERM');
    await lsnode.exited;
    const messages = told(lsnode.stderr);
    const group = messages.find(({ name }) => name === 'group.start')?.message;
    assert.deepEqual([group?.pid, group?.isReload, group?.root], [lsnode.pid, false, lsnode.directory]);
    const child = messages.find(({ name }) => name === 'process.start')?.message;
    assert.deepEqual([child?.pid, child?.role, child?.loader], [pid, 'child', lsnode.pid]);
    assert.ok(messages.some(({ name, message }) => name === 'process.end' && message.pid === pid));
  });

  it('carry OpenTelemetry: a span for each request, in the caller’s trace and the handler’s context', async () => {
    const tracing = fileURLToPath(new URL('../../../examples/opentelemetry/tracing.mjs', import.meta.url));
    const lsnode = start({
      files: {
        // The interface of @opentelemetry/api, as far as the example uses it.
        'api.mjs': `import { writeSync } from 'node:fs';
          let manager;
          export const ROOT_CONTEXT = { trace: 'none' };
          export const SpanKind = { SERVER: 1 };
          export const SpanStatusCode = { ERROR: 2 };
          export const context = {
            setGlobalContextManager: (given) => { manager = given.enable(); },
            active: () => manager.active(),
          };
          export const propagation = {
            fields: () => ['traceparent'],
            extract: (parent, carrier, getter) => ({ ...parent, trace: getter.get(carrier, 'traceparent') ?? 'new' }),
          };
          export const trace = {
            getTracer: () => ({
              startSpan: (name, options, { trace }) => {
                const span = { name, ...options, trace };
                span.setAttribute = (key, value) => { span.attributes[key] = value; };
                span.setStatus = ({ code }) => { span.code = code; };
                span.end = () => writeSync(2, 'SPAN ' + JSON.stringify(span) + '\\n');
                return span;
              },
            }),
            setSpan: (parent, span) => ({ ...parent, span }),
          };`,
        'app.mjs': `import * as api from './api.mjs';
          import { contextManager, traceRequests } from ${JSON.stringify(tracing)};
          api.context.setGlobalContextManager(contextManager(api));
          traceRequests(api);
          ${rawApp(`
            await delay(5);
            const { span } = api.context.active();
            response.send(request.url === '/bad?x' ? 500 : 200, null, span.trace + ' ' + span.attributes['url.path']);
          `)}`,
      },
    });
    const client = await lsnode.connect();
    const first = await client.request({ url: '/good', headers: { traceparent: '00-abc-def-01' } });
    const second = await client.request({ url: '/bad?x' });
    assert.deepEqual([first.text, second.text], ['00-abc-def-01 /good', 'new /bad']);
    await eventually('both spans have ended', () => (lsnode.stderr.match(/^SPAN /gm) ?? []).length === 2);
    const spans = [...lsnode.stderr.matchAll(/^SPAN (.*)$/gm)].map(
      ([, json = '{}']) =>
        JSON.parse(json) as { kind: number; code?: number; attributes: Record<string, unknown> },
    );
    assert.deepEqual(
      spans.map(({ kind, code, attributes }) => [
        kind,
        code,
        attributes['http.response.status_code'],
        attributes['url.query'],
      ]),
      [
        [1, undefined, 200, undefined],
        [1, 2, 500, 'x'],
      ],
    );
  });
});
