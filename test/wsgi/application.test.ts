import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { isWsgiApplication, wsgi, type StartResponse, type WsgiApplication } from '#lib/wsgi/wsgi.js';
import { eventually } from '../fetch/support/fetch-server.js';
import { assertRefused, PLAIN, wsgiServers } from './support/wsgi-server.js';

describe('wsgi()', () => {
  it('returns the application itself, marked for every copy of the package', () => {
    const application: WsgiApplication = () => [];
    assert.equal(isWsgiApplication(application), false);
    assert.equal(wsgi(application), application);
    assert.equal(isWsgiApplication(application), true);
    const foreign = Object.defineProperty(() => [], Symbol.for('lsapi.wsgi'), { value: true });
    assert.equal(isWsgiApplication(foreign), true);
    for (const value of [undefined, null, {}, () => [], { [Symbol.for('lsapi.wsgi')]: true }]) {
      assert.equal(isWsgiApplication(value), false);
    }
  });
});

describe('What a WSGI application returns', () => {
  const serve = wsgiServers();

  async function* later(): AsyncGenerator<string> {
    yield 'a';
    await delay(1);
    yield 'b';
  }
  const results: Record<string, [() => unknown, string, string[]]> = {
    'an array of one part: its length is announced': [() => ['Grüße'], 'Grüße', ['7']],
    'an array of one Buffer': [() => [Buffer.from('abc')], 'abc', ['3']],
    'an array of several parts': [() => ['a', Buffer.from('b'), ''], 'ab', []],
    'an empty array': [() => [], '', ['0']],
    'an array of one empty part': [() => [''], '', ['0']],
    'a generator': [
      () =>
        (function* () {
          yield 'a';
          yield 'b';
        })(),
      'ab',
      [],
    ],
    'an async generator': [later, 'ab', []],
    'a Set': [() => new Set(['a', 'b']), 'ab', []],
    'a stream': [() => Readable.from([Buffer.from('a'), Buffer.from('b')]), 'ab', []],
    'a web stream': [() => new Blob(['ab']).stream(), 'ab', []],
    'a promise of any of these': [() => delay(1).then(() => ['abc']), 'abc', ['3']],
  };
  for (const [name, [make, text, length]] of Object.entries(results)) {
    it(name, async () => {
      const server = serve((_, startResponse) => {
        startResponse('201 Created', [...PLAIN, ['X-A', 'one'], ['X-A', 'two']]);
        return make() as never;
      });
      const client = await server.connect();
      for (let n = 0; n < 2; n++) {
        const response = await client.request();
        assert.deepEqual([response.status, response.text], [201, text], server.log.join('\n'));
        assert.deepEqual(response.header('x-a'), ['one', 'two']);
        assert.deepEqual(response.header('content-length'), length);
      }
    });
  }

  const refused: Record<string, [unknown, RegExp]> = {
    nothing: [undefined, /returns an iterable or an async iterable, an empty array at least, not undefined/],
    null: [null, /not null/],
    'a number': [7, /not 7/],
    'an object that cannot be iterated': [{}, /not \{\}/],
    'a string': ['text', /Put the one part into an array/],
    'a Buffer': [Buffer.from('bytes'), /Put the one part into an array/],
    'parts that are neither bytes nor text': [[7], /are Uint8Arrays \(Buffers\) or strings, not 7/],
    'parts that are null': [['', null], /not null/],
  };
  for (const [name, [value, reason]] of Object.entries(refused)) {
    it(`${name}: 500, and the log says why`, async () => {
      const server = serve((_, startResponse) => {
        startResponse('200 OK', PLAIN);
        return value as never;
      });
      const client = await server.connect();
      for (let n = 0; n < 2; n++) assert.equal((await client.request()).status, 500);
      assert.match(server.log[0] ?? '', reason);
      assert.equal(server.log.length, 2);
    });
  }
});

describe('startResponse()', () => {
  const serve = wsgiServers();

  /** Calls it in an application that answers with 204 if `use` does not. */
  async function starting(use: (startResponse: StartResponse) => void): Promise<void> {
    let failure: unknown;
    const server = serve((_, startResponse) => {
      try {
        use(startResponse);
      } catch (error) {
        failure = error;
      }
      startResponse('204 No Content', [], new Error('whatever came before'));
      return [];
    });
    assert.equal((await server.request()).status, 204, server.log.join('\n'));
    if (failure !== undefined) throw failure as Error;
  }

  const statuses: [string, unknown][] = [
    ['a number', 200],
    ['bytes', Buffer.from('200 OK')],
    ['empty', ''],
    ['two digits', '20 OK'],
    ['four digits', '2000 OK'],
    ['no number', 'OK'],
    ['no space behind the number', '200OK'],
    ['a line break', '200 OK\r\nX-A: a'],
    ['a status below 200', '100 Continue'],
  ];
  for (const [name, status] of statuses) {
    it(`refuses a status: ${name}`, async () => {
      await starting((startResponse) =>
        assertRefused(() => startResponse(status as string, PLAIN), 'LSAPI_ERR_STATUS', /status/),
      );
    });
  }

  const headers: [string, unknown, RegExp][] = [
    ['an object', { 'X-A': 'a' }, /are an array of \[name, value\]/],
    ['nothing', undefined, /are an array/],
    ['a header that is no array', ['X-A: a'], /Each header .* not 'X-A: a'/],
    ['a header of three', [['X-A', 'a', 'b']], /Each header/],
    ['a name that is no string', [[7, 'a']], /name 7/],
    ['a name with a colon', [['X-A:', 'a']], /name 'X-A:'/],
    ['a name with a line break', [['X-A\nX-B', 'a']], /must be a string of letters/],
    ['a name with a space', [['X A', 'a']], /must be a string of letters/],
    ['a name that begins with a digit', [['1X', 'a']], /begins with a letter/],
    ['a name that ends with -', [['X-', 'a']], /not end with/],
    ['an empty name', [['', 'a']], /name ''/],
    ['Status', [['Status', '200 OK']], /first argument/],
    ['a value that is no string', [['X-A', 7]], /value of the header "X-A" .* not 7/],
    ['a value with a line break', [['X-A', 'a\r\nX-B: b']], /control characters/],
    ['a value with another control character', [['X-A', 'a\x07']], /control characters/],
    ['a value beyond latin1', [['X-A', '€']], /latin1/],
    ...[
      'Connection',
      'Keep-Alive',
      'Proxy-Authenticate',
      'Proxy-Authorization',
      'TE',
      'Trailers',
      'Transfer-Encoding',
      'Upgrade',
    ].map((name): [string, unknown, RegExp] => [`the hop-by-hop ${name}`, [[name, 'a']], /hop-by-hop/]),
  ];
  for (const [name, value, reason] of headers) {
    it(`refuses headers: ${name}`, async () => {
      await starting((startResponse) =>
        assertRefused(() => startResponse('200 OK', value as never), 'LSAPI_ERR_HEADER_INVALID', reason),
      );
    });
  }

  it('refuses a Content-Length that is none, and a second one', async () => {
    for (const list of [
      [['Content-Length', 'five']],
      [
        ['Content-Length', '5'],
        ['content-length', '5'],
      ],
    ] as never[]) {
      await starting((startResponse) =>
        assertRefused(() => startResponse('200 OK', list), 'LSAPI_ERR_CONTENT_LENGTH', /one Content-Length/),
      );
    }
  });

  it('takes two or three arguments', async () => {
    await starting((startResponse) => {
      const call = startResponse as (...parameters: unknown[]) => unknown;
      assertRefused(() => call('200 OK'), 'LSAPI_ERR_WSGI_START', /two or three arguments, not 1/);
      assertRefused(() => call('200 OK', [], null, 1), 'LSAPI_ERR_WSGI_START', /not 4/);
    });
  });

  it('cannot be called twice without an error', async () => {
    await starting((startResponse) => {
      startResponse('200 OK', PLAIN);
      assertRefused(() => startResponse('200 OK', PLAIN), 'LSAPI_ERR_WSGI_START', /has been called already/);
      assertRefused(() => startResponse('200 OK', PLAIN, null), 'LSAPI_ERR_WSGI_START', /called already/);
    });
  });

  it('may be called without a reason phrase, and with an error at first', async () => {
    await starting((startResponse) =>
      assert.equal(typeof startResponse('200', [], new Error('early')), 'function'),
    );
  });

  it('with an error replaces status and headers that were not sent', async () => {
    const server = serve((_, startResponse) => {
      const write = startResponse('200 OK', [...PLAIN, ['X-Old', 'a']]);
      assert.equal(write(''), true); // sends nothing
      startResponse('500 Failed', [['X-New', 'b']], new Error('the reason'));
      return ['page'];
    });
    const response = await server.request();
    assert.deepEqual([response.status, response.text], [500, 'page']);
    assert.deepEqual([response.header('x-old'), response.header('x-new')], [[], ['b']]);
    assert.deepEqual(server.log, []);
  });

  for (const [name, excInfo] of [
    ['an Error', new Error('the reason')],
    ["Python's triple", [Error, new Error('the reason'), undefined]],
  ] as const) {
    it(`with an error (${name}) throws it once they were sent; the response ends as it is`, async () => {
      const server = serve(async (_, startResponse) => {
        const write = startResponse('200 OK', PLAIN);
        await write('half');
        startResponse('500 Failed', PLAIN, excInfo);
        return ['never'];
      });
      const client = await server.connect();
      for (let n = 0; n < 2; n++) {
        const response = await client.request();
        assert.deepEqual([response.status, response.text, response.complete], [200, 'half', true]);
      }
      assert.match(server.log[0] ?? '', /Error: the reason/);
    });
  }

  it('may be called as late as before the first part', async () => {
    const server = serve(async function* (_, startResponse) {
      await delay(1);
      startResponse('202 Accepted', PLAIN);
      yield 'late';
    } as WsgiApplication);
    assert.deepEqual([(await server.request()).status, (await server.request()).text], [202, 'late']);
  });

  for (const [name, parts] of [
    ['before the first part', ['part', 'part']],
    ['before the only part', ['part']],
    ['at all', []],
  ] as const) {
    it(`that was not called ${name}: 500, and the log says so`, async () => {
      const server = serve(() => parts);
      assert.equal((await server.request()).status, 500);
      assert.match(server.log.join(), /has not called startResponse\(\) before/);
    });
  }
});

describe('The body of a WSGI response', () => {
  const serve = wsgiServers();

  it('takes the header with its first part that is not empty', async () => {
    const steps: (() => void)[] = [];
    const pause = (): Promise<void> => new Promise((resolve) => steps.push(resolve));
    const server = serve(async function* (_, startResponse) {
      startResponse('200 OK', PLAIN);
      yield '';
      await pause();
      yield 'first';
      await pause();
      yield 'second';
    } as WsgiApplication);
    const client = await server.connect();
    await client.send();
    await eventually(() => steps.length === 1, 'the empty part was taken');
    assert.equal(client.response.status, -1);
    steps[0]?.();
    await client.until(() => client.response.text === 'first');
    await eventually(() => steps.length === 2, 'the next part is asked for');
    steps[1]?.();
    assert.equal((await client.completed()).text, 'firstsecond');
  });

  it('is what write() sends, then what is returned', async () => {
    const server = serve(async (_, startResponse) => {
      const write = startResponse('200 OK', PLAIN);
      assert.equal(write('a'), true);
      await write(Buffer.from('b'));
      return ['c'];
    });
    const response = await server.request();
    assert.deepEqual([response.text, response.header('content-length')], ['abc', []]);
  });

  it('write() refuses what is neither bytes nor text', async () => {
    const server = serve((_, startResponse) => {
      const write = startResponse('200 OK', PLAIN);
      assertRefused(() => write(7 as never), 'LSAPI_ERR_WSGI_BODY', /not 7/);
      return ['good'];
    });
    assert.equal((await server.request()).text, 'good');
  });

  it('is produced no faster than the client reads', async () => {
    const parts = 200;
    let produced = 0;
    const server = serve(function* (_: unknown, startResponse: StartResponse) {
      startResponse('200 OK', PLAIN);
      for (; produced < parts; produced++) yield Buffer.alloc(64 * 1024, produced);
    });
    const client = await server.connect();
    client.pause();
    await client.send();
    await eventually(() => produced > 0, 'the body has begun');
    for (let before = -1; before !== produced; await delay(50)) before = produced;
    assert.ok(produced < 60, `${produced} parts were produced for nobody`);
    client.resume();
    const { body } = await client.completed();
    assert.equal(body.length, parts * 64 * 1024);
    for (let n = 0; n < parts; n++) assert.equal(body[n * 64 * 1024], n);
  });

  const HEAD_CASES: [string, readonly string[], [string, string][], string[]][] = [
    ['the length of one part is announced', ['five!'], [], ['5']],
    ['nothing is claimed of an empty body', [], [], []],
    ['its own length stands', [], [['Content-Length', '1000']], ['1000']],
    ['several parts are not sent', ['a', 'b'], [], []],
  ];
  for (const [name, parts, extra, length] of HEAD_CASES) {
    it(`for HEAD: ${name}`, async () => {
      const server = serve((_, startResponse) => {
        startResponse('200 OK', [...PLAIN, ...extra]);
        return parts;
      });
      const response = await server.request({ method: 'HEAD' });
      assert.deepEqual([response.bodyLength, response.header('content-length')], [0, length]);
      assert.deepEqual(server.log, []);
    });
  }

  it('must be as long as its Content-Length', async () => {
    const answers: Record<string, [readonly string[], number, string, RegExp | undefined]> = {
      '/exact': [['ab', 'cd'], 200, 'abcd', undefined],
      '/exact-one': [['abcd'], 200, 'abcd', undefined],
      '/long': [['ab', 'cde'], 200, 'ab', /longer than its Content-Length: 3 bytes came where 2 were left/],
      '/long-at-once': [['abcde'], 500, 'Internal Server Error\n', /longer/],
      '/short': [['ab', 'c'], 200, 'abc', /shorter than its Content-Length: 1 bytes are missing/],
      '/short-at-once': [['abc'], 500, 'Internal Server Error\n', /shorter/],
      '/empty': [[], 500, 'Internal Server Error\n', /shorter/],
    };
    const server = serve((environ, startResponse) => {
      startResponse('200 OK', [...PLAIN, ['Content-Length', '4']]);
      return answers[String(environ.REQUEST_URI)]![0];
    });
    for (const [url, [, status, text, reason]] of Object.entries(answers)) {
      server.log.length = 0;
      const response = await server.request({ url });
      assert.deepEqual([response.status, response.text, response.complete], [status, text, true], url);
      if (reason === undefined) assert.deepEqual(server.log, [], url);
      else assert.match(server.log.join(), reason);
    }
  });
});

describe('close() of what a WSGI application returns', () => {
  const serve = wsgiServers();
  const parts = async function* (fail: boolean): AsyncGenerator<string> {
    yield 'part';
    await delay(1);
    if (fail) throw new Error('the reason');
  };

  for (const [name, make] of Object.entries<() => object>({
    'is called after the last part': () => parts(false),
    'is called for arrays as well': () => ['part'],
    'is called when the body fails': () => parts(true),
    'is called when a part is refused': () => [7],
  })) {
    it(name, async () => {
      let closed = 0;
      const server = serve((_, startResponse) => {
        startResponse('200 OK', PLAIN);
        return Object.assign(make(), { close: () => void closed++ }) as never;
      });
      const client = await server.connect();
      for (let n = 1; n <= 2; n++) {
        await client.request();
        await eventually(() => closed === n, 'it is closed');
      }
      assert.equal(closed, 2);
    });
  }

  it('is called when the client leaves, and the iterator is ended', async () => {
    const ended: string[] = [];
    const server = serve((_, startResponse) => {
      startResponse('200 OK', PLAIN);
      const body = (async function* () {
        try {
          for (;;) {
            yield 'for ever';
            await delay(1);
          }
        } finally {
          ended.push('iterator');
        }
      })();
      return Object.assign(body, { close: () => void ended.push('close') });
    });
    const client = await server.connect();
    await client.send();
    await client.until(() => client.response.bodyLength > 0);
    await client.abort();
    await eventually(() => ended.length === 2, 'it is closed');
    assert.deepEqual(ended, ['iterator', 'close']);
    assert.deepEqual(server.log, []);
  });

  it('that fails: the response is complete, the log has the reason', async () => {
    const server = serve((_, startResponse) => {
      startResponse('200 OK', PLAIN);
      return Object.assign(['complete'], {
        close: () => {
          throw new Error('the reason');
        },
      });
    });
    assert.equal((await server.request()).text, 'complete');
    await eventually(() => server.log.length > 0, 'the reason is logged');
    assert.match(server.log.join(), /the reason/);
  });
});

describe('A WSGI application that fails', () => {
  const serve = wsgiServers();

  for (const [name, application] of Object.entries<WsgiApplication>({
    throws: () => {
      throw new Error('the reason');
    },
    rejects: () => delay(1).then(() => Promise.reject(new Error('the reason'))),
    'throws after startResponse()': (_, startResponse) => {
      startResponse('200 OK', [['X-A', 'a']]);
      throw new Error('the reason');
    },
  })) {
    it(`${name}: 500, a line in the log, the connection stays usable`, async () => {
      const client = await serve(application).connect();
      for (let n = 0; n < 2; n++) {
        const response = await client.request();
        assert.deepEqual([response.status, response.text], [500, 'Internal Server Error\n']);
        assert.deepEqual(response.header('x-a'), []);
      }
    });
  }

  it('tells the stack in development', async () => {
    const server = serve(
      () => {
        throw new Error('the reason');
      },
      { development: true },
    );
    assert.match((await server.request()).text, /Error: the reason\n {4}at /);
  });
});
