import assert from 'node:assert/strict';
import type http from 'node:http';
import { captureLog, later, withServer, type Handler } from './support/serve.js';
import type { ReceivedResponse } from '../support/lsapi-client.js';

/** The answer to a handler, the log, and that the connection is good for another request. */
async function run(
  handler: Handler,
  options: { method?: string } = {},
): Promise<{ response: ReceivedResponse; log: string }> {
  let response!: ReceivedResponse;
  const log = await captureLog(() =>
    withServer(
      (request, answer) => (request.url === '/next' ? answer.end('next') : handler(request, answer)),
      async (served) => {
        const client = await served.client();
        response = await client.request(options);
        assert.equal((await client.request({ url: '/next' })).text, 'next');
      },
    ),
  );
  return { response, log };
}

describe('What LSAPI cannot carry', () => {
  describe('WebSocket connections', () => {
    const headers = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' };
    const ask = async (
      upgrades: boolean,
      asked: Record<string, string> = headers,
    ): Promise<ReceivedResponse> => {
      let response!: ReceivedResponse;
      await withServer(
        (_request, answer) => answer.end('plain'),
        async (served) => {
          if (upgrades) served.server.on('upgrade', () => assert.fail('there is no socket to upgrade'));
          response = await served.request({ headers: asked });
        },
      );
      return response;
    };

    it('are answered 501 where the app listens to upgrade', async () => {
      const response = await ask(true);
      assert.equal(response.status, 501);
      assert.match(response.text, /WebSocket connections cannot be passed on over LSAPI/);
    });

    it('are answered so where it does not, if it is a handshake', async () => {
      const response = await ask(false, { ...headers, 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==' });
      assert.equal(response.status, 501);
      assert.match(response.text, /WebSocket connections cannot be passed on over LSAPI/);
    });

    it('are requests as any other where it does not, and is none, as in Node', async () => {
      assert.equal((await ask(false)).text, 'plain');
    });

    it('are not what other requests to such an app want', async () => {
      assert.equal((await ask(true, {})).text, 'plain');
      assert.equal((await ask(true, { Upgrade: 'h2c' })).text, 'plain');
    });
  });

  describe('response headers', () => {
    const refused: Record<string, [RegExp, (response: http.ServerResponse) => unknown]> = {
      'a line break': [/ERR_INVALID_CHAR/, (response) => response.setHeader('X', 'a\r\nSet-Cookie: x')],
      'a line break in writeHead()': [
        /ERR_INVALID_CHAR/,
        (response) => response.writeHead(200, { X: 'a\nb' }),
      ],
      'a NUL': [/ERR_INVALID_CHAR/, (response) => response.setHeader('X', 'a\0')],
      'a line break in the reason': [/ERR_INVALID_CHAR/, (response) => response.writeHead(200, 'a\nb')],
      'a character beyond latin1': [/ERR_INVALID_CHAR/, (response) => response.setHeader('X', '€')],
      'a blank in its name': [/ERR_INVALID_HTTP_TOKEN/, (response) => response.setHeader('X Y', 'a')],
      'an empty name': [/ERR_INVALID_HTTP_TOKEN/, (response) => response.writeHead(200, { '': 'a' })],
      'a name without a value': [/a name without a value/, (response) => response.writeHead(200, ['X'])],
      'a line of 16,381 bytes': [
        /LSAPI_ERR_HEADER_TOO_LARGE|"X-Long" \(16381 bytes\)/,
        (response) => response.setHeader('X-Long', 'x'.repeat(16_381 - 8)).end(),
      ],
      'more than 65,535 bytes': [
        /does not fit/,
        (response) => {
          for (let n = 0; n < 7; n++) response.setHeader(`X-${n}`, 'x'.repeat(10_000));
          response.end();
        },
      ],
      'more than 1,000 lines': [
        /1000 lines/,
        (response) => {
          for (let n = 0; n < 1001; n++) response.setHeader(`X-${n}`, 'x');
          response.end();
        },
      ],
      'a Content-Length that is no number': [
        /digits only, not "12abc"/,
        (response) => response.setHeader('Content-Length', '12abc').end('x'),
      ],
      'a negative Content-Length': [
        /digits only/,
        (response) => response.writeHead(200, { 'content-length': -1 }),
      ],
    };
    for (const [name, [reason, set]] of Object.entries(refused)) {
      it(`are refused with ${name}, and the request is answered`, async () => {
        const { response, log } = await run((_request, answer) => void set(answer));
        assert.equal(response.status, 500);
        assert.match(response.text, /^Internal Server Error\n$/);
        assert.match(log, reason);
        assert.match(log, /error in the handler of GET \//);
        assert.deepEqual(response.header('content-length'), ['22']);
      });
    }

    it('are refused where an app goes round the checks', async () => {
      for (const bad of ['a\r\nSet-Cookie: x=y', 'a\0b', 'x'.repeat(20_000)]) {
        const { response, log } = await run((_request, answer) => {
          const values = ['good'];
          answer.setHeader('X-List', values);
          values.push(bad);
          answer.end('x');
        });
        assert.equal(response.status, 500);
        assert.match(log, /X-List|ERR_INVALID_CHAR/);
        assert.deepEqual(response.header('set-cookie'), []);
      }
    });

    it('are accepted up to 16,380 bytes a line and 65,535 in all', async () => {
      const { response } = await run((_request, answer) => {
        answer.setHeader('X-Long', 'x'.repeat(16_380 - 8));
        for (let n = 0; n < 3; n++) answer.setHeader(`X-${n}`, 'x'.repeat(16_000));
        answer.end('x');
      });
      assert.equal(response.status, 200);
      assert.equal(response.header('x-long')[0]!.length, 16_372);
      assert.equal(response.headers.length, 5);
    });
  });

  describe('statuses', () => {
    for (const [status, sent] of [
      [200, 200],
      [226, 200],
      [299, 200],
      [309, 300],
      [418, 418],
      [451, 451],
      [452, 400],
      [499, 400],
      [511, 503],
      [599, 500],
      [999, 500],
    ] as const) {
      it(`${status} goes out as ${sent}`, async () => {
        const { response } = await run((_request, answer) => {
          answer.statusCode = status;
          answer.end('x');
          assert.equal(answer.statusCode, status);
        });
        assert.deepEqual([response.status, response.text], [sent, 'x']);
      });
    }

    it('that are replaced are told of in the log, once', async () => {
      const handler: Handler = (_request, answer) => answer.writeHead(227).end();
      assert.match((await run(handler)).log, /the server does not know status 227; sending 200 in its place/);
      assert.equal((await run(handler)).log, '');
    });

    for (const status of [100, 101, 103, 199]) {
      it(`${status} cannot be final`, async () => {
        const { response, log } = await run((_request, answer) => answer.writeHead(status));
        assert.equal(response.status, 500);
        assert.match(log, /1xx is never sent/);
      });
    }

    it('out of range are refused as on node:http', async () => {
      for (const status of [99, 1000, NaN]) {
        const { response, log } = await run((_request, answer) => answer.writeHead(status));
        assert.equal(response.status, 500);
        assert.match(log, /ERR_HTTP_INVALID_STATUS_CODE/);
      }
    });
  });

  it('interim responses are not sent, and their callbacks run', async () => {
    const called: string[] = [];
    const { response, log } = await run((_request, answer) => {
      answer.writeContinue(() => called.push('continue'));
      answer.writeProcessing();
      answer.writeEarlyHints({ link: '</a.css>; rel=preload; as=style' }, () => called.push('hints'));
      setTimeout(() => answer.end('x'), 10);
    });
    assert.deepEqual([response.status, response.text, log], [200, 'x', '']);
    assert.deepEqual(called, ['continue', 'hints']);
  });

  it('trailers are left out, with a word in the log', async () => {
    const handler: Handler = (_request, answer) => {
      answer.setHeader('Trailer', 'X-T');
      answer.write('x');
      answer.addTrailers({ 'X-T': 'y' });
      answer.end();
    };
    const { response, log } = await run(handler);
    assert.deepEqual([response.text, response.header('trailer')], ['x', []]);
    assert.match(log, /trailers cannot be sent over LSAPI/);
    assert.equal((await run(handler)).log, '', 'once is enough');
  });

  it('trailers for a body that is not chunked are refused, as on node:http', async () => {
    const codes: unknown[] = [];
    for (const status of [200, 204]) {
      await run((_request, answer) => {
        if (status === 200) answer.setHeader('Content-Length', '1');
        answer.setHeader('Trailer', 'X-T');
        try {
          answer.writeHead(status);
        } catch (error) {
          codes.push((error as NodeJS.ErrnoException).code);
          answer.removeHeader('Trailer');
          answer.writeHead(status);
        }
        answer.end(status === 200 ? 'x' : undefined);
      });
    }
    assert.deepEqual(codes, ['ERR_HTTP_TRAILER_INVALID', 'ERR_HTTP_TRAILER_INVALID']);
  });

  describe('Content-Length', () => {
    it('is kept to: what is too long is cut off', async () => {
      for (const handler of [
        (_request, answer) => answer.writeHead(200, { 'Content-Length': 3 }).end('hello'),
        (_request, answer) => {
          answer.writeHead(200, { 'Content-Length': '3' });
          answer.write('he');
          setTimeout(() => {
            answer.write('llo');
            answer.end('!');
          }, 10);
        },
        (_request, answer) => answer.setHeader('content-length', 3).end(Buffer.from('hello')),
      ] as Handler[]) {
        const { response, log } = await run(handler);
        assert.equal(response.text, 'hel');
        assert.match(log, /GET \/ sent \d bytes more than its Content-Length; cut off/);
      }
    });

    it('that is not reached is told of', async () => {
      const { response, log } = await run((_request, answer) =>
        answer.writeHead(200, { 'Content-Length': 10 }).end('hello'),
      );
      assert.equal(response.text, 'hello');
      assert.match(log, /GET \/ ended 5 bytes short of its Content-Length/);
    });

    it('counts bytes, not characters', async () => {
      for (const length of [6, '6', ' 6 ']) {
        const { response, log } = await run((_request, answer) => {
          answer.setHeader('Content-Length', length);
          answer.write('ü');
          answer.end('üü');
        });
        assert.deepEqual([response.text, log], ['üüü', '']);
      }
    });

    it('is checked by Node with strictContentLength', async () => {
      const { response, log } = await run((_request, answer) => {
        answer.strictContentLength = true;
        answer.setHeader('Content-Length', 3);
        answer.end('hello');
      });
      assert.equal(response.status, 500);
      assert.match(log, /ERR_HTTP_CONTENT_LENGTH_MISMATCH/);
    });

    it('is announced when the body is known, and never with a body in pieces', async () => {
      const whole = await run((_request, answer) => answer.end('ü'));
      assert.deepEqual(whole.response.header('content-length'), ['2']);
      const pieces = await run((_request, answer) => {
        answer.write('ü');
        answer.end('x');
      });
      assert.deepEqual(pieces.response.header('content-length'), []);
      const removed = await run((_request, answer) => {
        answer.removeHeader('Content-Length');
        answer.end('x');
      });
      assert.deepEqual(removed.response.header('content-length'), []);
    });
  });

  it('bytes written to the socket go nowhere', async () => {
    const { response } = await run(async (request, answer) => {
      await new Promise<void>((written) => request.socket.write('HTTP/1.1 200 OK\r\n\r\n', () => written()));
      await later(5);
      answer.end('x');
    });
    assert.equal(response.text, 'x');
  });
});
