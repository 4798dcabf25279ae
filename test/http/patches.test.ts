import assert from 'node:assert/strict';
import http from 'node:http';
import { gunzipSync, createGzip } from 'node:zlib';
import { createServer } from '#lib/index.js';
import { withServer, type Handler } from './support/serve.js';
import type { ReceivedResponse } from '../support/lsapi-client.js';

async function answerOf(handler: Handler, options: http.ServerOptions = {}): Promise<ReceivedResponse> {
  let response!: ReceivedResponse;
  await withServer(handler, async (served) => void (response = await served.request({ url: '/p' })), options);
  return response;
}

/** Replaces methods of a prototype for the time of a test. */
async function patched<T extends object>(
  prototype: T,
  methods: Partial<T>,
  work: () => Promise<void>,
): Promise<void> {
  const originals = Object.getOwnPropertyDescriptors(prototype);
  Object.assign(prototype, methods);
  try {
    await work();
  } finally {
    for (const name of Object.keys(methods)) {
      const original = originals[name as keyof T];
      if (original === undefined) delete (prototype as Record<string, unknown>)[name];
      else Object.defineProperty(prototype, name, original);
    }
  }
}

/* eslint-disable @typescript-eslint/unbound-method -- called with the response as `this` */
const { end, write, writeHead, setHeader } = http.ServerResponse.prototype;

describe('Apps that change Node’s classes', () => {
  it('by subclasses', async () => {
    const calls: string[] = [];
    class OwnRequest extends http.IncomingMessage {
      get path(): string {
        return `own ${this.url}`;
      }
    }
    class OwnResponse<R extends http.IncomingMessage = http.IncomingMessage> extends http.ServerResponse<R> {
      constructor(request: R, options?: object) {
        super(request);
        assert.equal(typeof options, 'object');
        this.on('socket', (socket) => calls.push(`socket ${socket === request.socket}`));
      }
      override writeHead(...parameters: unknown[]): this {
        calls.push('writeHead');
        this.setHeader('X-Own', '1');
        return writeHead.apply(this, parameters as never) as this;
      }
      override end(...parameters: unknown[]): this {
        calls.push('end');
        return end.apply(this, [`${String(parameters[0])}!`] as never) as this;
      }
    }
    const response = await answerOf(
      (request, answer) => answer.end(`${(request as OwnRequest).path} ${answer instanceof OwnResponse}`),
      { IncomingMessage: OwnRequest, ServerResponse: OwnResponse },
    );
    assert.equal(response.text, 'own /p true!');
    assert.deepEqual(response.header('x-own'), ['1']);
    assert.deepEqual(calls, ['socket true', 'end', 'writeHead']);
  });

  it('by patched methods of ServerResponse.prototype', async () => {
    const calls: string[] = [];
    await patched(
      http.ServerResponse.prototype,
      {
        end(this: http.ServerResponse, ...parameters: unknown[]) {
          calls.push('end');
          return end.apply(this, parameters as never);
        },
        write(this: http.ServerResponse, ...parameters: unknown[]) {
          calls.push('write');
          return write.apply(this, parameters as never);
        },
        writeHead(this: http.ServerResponse, ...parameters: unknown[]) {
          calls.push('writeHead');
          setHeader.call(this, 'X-Traced', 'yes');
          return writeHead.apply(this, parameters as never);
        },
      } as Partial<http.ServerResponse>,
      async () => {
        const response = await answerOf((_request, answer) => {
          answer.write('a');
          answer.end('b');
        });
        assert.equal(response.text, 'ab');
        assert.deepEqual(response.header('x-traced'), ['yes']);
        const simple = await answerOf((_request, answer) => answer.end('c'));
        assert.deepEqual([simple.text, simple.header('x-traced')], ['c', ['yes']]);
      },
    );
    assert.deepEqual(calls, ['write', 'writeHead', 'end', 'end', 'writeHead']);
  });

  it('by a patched emit(), as tracers do', async () => {
    const { emit } = http.Server.prototype;
    const events: unknown[] = [];
    await patched(
      http.Server.prototype,
      {
        emit(this: http.Server, event: string, ...parameters: unknown[]) {
          if (event === 'request') events.push((parameters[0] as http.IncomingMessage).url);
          return emit.apply(this, [event, ...parameters] as never);
        },
      },
      async () => assert.equal((await answerOf((_request, answer) => answer.end('x'))).text, 'x'),
    );
    assert.deepEqual(events, ['/p']);
  });

  it('by another prototype, as Express does', async () => {
    const app = {
      request: Object.create(http.IncomingMessage.prototype, {
        protocol: {
          get(this: http.IncomingMessage) {
            return (this.socket as { encrypted?: boolean }).encrypted ? 'https' : 'http';
          },
        },
      }) as http.IncomingMessage,
      response: Object.assign(Object.create(http.ServerResponse.prototype) as http.ServerResponse, {
        send(this: http.ServerResponse, text: string) {
          this.setHeader('Content-Type', 'text/html');
          return this.end(text);
        },
      }),
    };
    const response = await answerOf((request, answer) => {
      Object.setPrototypeOf(request, app.request);
      Object.setPrototypeOf(answer, app.response);
      (answer as typeof app.response).send(
        `${(request as { protocol?: string }).protocol} ${request.headers.host}`,
      );
    });
    assert.equal(response.text, 'http example.com');
    assert.deepEqual(response.header('content-type'), ['text/html']);
  });

  it('by methods of single responses, as compression does', async () => {
    const response = await answerOf((_request, answer) => {
      const own = { write: answer.write.bind(answer), end: answer.end.bind(answer) };
      const gzip = createGzip();
      gzip.on('data', (chunk: Buffer) => {
        if (!own.write(chunk)) gzip.pause();
      });
      answer.on('drain', () => gzip.resume());
      gzip.on('end', () => own.end());
      answer.write = ((chunk: string) => {
        (answer as unknown as { _implicitHeader(): void })._implicitHeader();
        return gzip.write(chunk);
      }) as typeof answer.write;
      answer.end = ((chunk?: string) => {
        gzip.end(chunk);
        return answer;
      }) as typeof answer.end;
      answer.setHeader('Content-Encoding', 'gzip');
      answer.write('squeezed ');
      answer.end('text '.repeat(10_000));
    });
    assert.equal(gunzipSync(response.body).toString(), `squeezed ${'text '.repeat(10_000)}`);
    assert.deepEqual(response.header('content-encoding'), ['gzip']);
  });

  it('by listeners of the header, as on-headers installs them', async () => {
    for (const answerBy of [
      (answer) => answer.end('x'),
      (answer) => answer.writeHead(200, { 'X-Late': 'old' }).end('x'),
      (answer) => void (answer.write('x'), answer.end()),
    ] as ((answer: http.ServerResponse) => void)[]) {
      const response = await answerOf((_request, answer) => {
        const original = answer.writeHead.bind(answer) as (...parameters: unknown[]) => http.ServerResponse;
        answer.writeHead = (...parameters: unknown[]) => {
          answer.setHeader('X-Time', '5 ms');
          return original(...parameters);
        };
        answerBy(answer);
      });
      assert.equal(response.text, 'x');
      assert.deepEqual(response.header('x-time'), ['5 ms']);
    }
  });

  it('and Node’s own server beside ours goes on as before', async () => {
    await withServer(
      (_request, answer) => answer.end('lsapi'),
      async (served) => {
        const server = http.createServer((request, answer) => answer.end(`http ${request.signal?.aborted}`));
        await new Promise<void>((listening) => server.listen(0, listening));
        const { port } = server.address() as { port: number };
        assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), 'http false');
        assert.equal((await served.request()).text, 'lsapi');
        server.close();
        server.closeAllConnections();
      },
    );
  });

  it('find what http.createServer takes', () => {
    const server = createServer({ keepAliveTimeout: 1234 });
    assert.equal(server.keepAliveTimeout, 1234);
    assert.throws(() => createServer({ maxHeaderSize: -1 }), { code: 'ERR_OUT_OF_RANGE' });
  });
});
