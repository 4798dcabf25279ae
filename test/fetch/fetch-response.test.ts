import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { installResponse, stateOf } from '#lib/fetch/fetch-response.js';
import { lsnodes } from '../cli/support/lsnode.js';
import { fetchServers } from './support/fetch-server.js';

type Parameters_ = readonly [body?: unknown, init?: unknown];

/** What an expression gives, or throws. */
async function outcome(make: () => unknown): Promise<unknown> {
  try {
    return await make();
  } catch (error) {
    assert.ok(error instanceof Error);
    return `${error.name}: ${error.message}`;
  }
}

/** All that can be seen of a Response without reading it. */
function seen(response: Response): unknown {
  const { status, statusText, ok, type, url, redirected, headers, body, bodyUsed } = response;
  return {
    ...{ status, statusText, ok, type, url, redirected, bodyUsed },
    headers: [...headers],
    cookies: headers.getSetCookie(),
    body: body === null ? null : [body.constructor === ReadableStream, body.locked],
    again: [response.headers === headers, response.body === body],
  };
}

function propertiesOf(object: object): [string, { get?: () => unknown; value?: unknown }][] {
  return Object.entries(Object.getOwnPropertyDescriptors(object));
}

const readers: Record<string, (response: Response) => unknown> = {
  'text()': (response) => response.text(),
  'json()': (response) => response.json(),
  'bytes()': (response) => (response as unknown as { bytes(): Promise<Uint8Array> }).bytes(),
  'arrayBuffer()': async (response) => Buffer.from(await response.arrayBuffer()).toString('hex'),
  'blob()': async (response) => {
    const blob = await response.blob();
    return [blob.type, blob.size, await blob.text()];
  },
  'formData()': async (response) => [...(await response.formData())],
  'for await over body': async (response) => {
    const chunks = [];
    for await (const chunk of response.body ?? [])
      chunks.push(Buffer.from(chunk as Uint8Array).toString('hex'));
    return chunks.join('');
  },
};

function withHeaders(...pairs: [string, string][]): Headers {
  const headers = new Headers();
  for (const [name, value] of pairs) headers.append(name, value);
  return headers;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Constructor arguments, by whether a light Response is made of them. */
const light: Record<string, () => Parameters_> = {
  nothing: () => [],
  'undefined and undefined': () => [undefined, undefined],
  'null and null': () => [null, null],
  text: () => ['Grüße'],
  'text beyond the BMP': () => ['a\u{1F600}b'],
  'text with lone surrogates': () => ['a\ud800b\udc00'],
  'text with NULs and line breaks': () => ['a\0b\r\n'],
  'empty text': () => [''],
  JSON: () => ['{"a":[1,2]}', { headers: { 'content-type': 'application/json' } }],
  bytes: () => [bytes('abc')],
  'a Buffer': () => [Buffer.from('abc')],
  'a part of a buffer': () => [bytes('abcdef').subarray(2, 4)],
  'an ArrayBuffer': () => [bytes('abc').buffer],
  'an empty init': () => ['x', {}],
  'an init of undefineds': () => ['x', { status: undefined, statusText: undefined, headers: undefined }],
  'an init without prototype': () => ['x', Object.assign(Object.create(null) as object, { status: 404 })],
  'unknown members': () => ['x', { status: 201, other: 1, webSocket: null }],
  ...Object.fromEntries(
    [200, 201, 299, 300, 404, 418, 500, 599].map((status) => [`status ${status}`, () => ['x', { status }]]),
  ),
  ...Object.fromEntries(
    [204, 205, 304].map((status) => [`status ${status} without a body`, () => [null, { status }]]),
  ),
  'a status text': () => ['x', { status: 404, statusText: 'Not\tFound \xe9' }],
  'one header': () => ['x', { headers: { 'X-A': 'a' } }],
  'headers in any order': () => [
    'x',
    { headers: { 'X-B': 'b', 'content-type': 'text/html', 'X-A': 'a', Age: '1' } },
  ],
  'a header on either side of the type': () => ['x', { headers: { Age: '1', 'X-A': 'a' } }],
  'the same headers again': () => ['x', { headers: { 'X-B': 'b', 'X-A': 'a' } }],
  'the same names with other values': () => ['x', { headers: { 'X-B': 'a', 'X-A': 'b' } }],
  'empty values': () => ['x', { headers: { 'X-A': '' } }],
  'values with blanks and latin1': () => ['x', { headers: { 'X-A': 'a \t b; caf\xe9 \xa0' } }],
  'all characters of names': () => ['x', { headers: { "!#$%&'*+-.^_`|~09azAZ": 'a' } }],
  '__proto__ for a name': () => ['x', { headers: [['__proto__', 'a']] }],
  'headers without prototype': () => [
    'x',
    { headers: Object.assign(Object.create(null) as object, { a: 'b' }) },
  ],
  'no pairs': () => ['x', { headers: [] }],
  pairs: () => [
    'x',
    {
      headers: [
        ['X-B', 'b'],
        ['X-A', 'a'],
      ],
    },
  ],
  'cookies in pairs': () => [
    'x',
    {
      headers: [
        ['Set-Cookie', 'a=1'],
        ['X-A', 'a'],
        ['set-cookie', 'b=2, c'],
      ],
    },
  ],
  'a Headers': () => [
    null,
    { headers: withHeaders(['X-B', 'b'], ['Set-Cookie', 'a'], ['X-B', 'c'], ['Set-Cookie', 'b']) },
  ],
  'a Headers with a type': () => ['x', { headers: withHeaders(['Content-Type', 'a/b']) }],
  'a Headers without a type': () => ['x', { headers: withHeaders(['X-A', 'a'], ['Age', '1']) }],
  'a redirect of the server': () => [
    null,
    { headers: { 'X-LiteSpeed-Location': '/b', 'X-A': 'a', 'Content-Disposition': 'c' } },
  ],
};
const heavy: Record<string, () => Parameters_> = {
  'a number for body': () => [7],
  'an object for body': () => [{ a: 1 }],
  'an array for body': () => [[1, 2]],
  'true for body': () => [true],
  'a symbol for body': () => [Symbol('x')],
  'a String object': () => [new String('x')],
  'a Blob': () => [new Blob(['abc'], { type: 'text/x' })],
  URLSearchParams: () => [new URLSearchParams('a=b')],
  'a DataView': () => [new DataView(bytes('abc').buffer)],
  'an Int16Array': () => [new Int16Array([1, 2])],
  'an empty ArrayBuffer': () => [new ArrayBuffer(0)],
  'a stream': () => [new Blob(['abc']).stream()],
  'shared memory': () => [new Uint8Array(new SharedArrayBuffer(3))],
  'memory that can be resized': () => [
    new Uint8Array(Reflect.construct(ArrayBuffer, [3, { maxByteLength: 9 }]) as ArrayBuffer),
  ],
  ...Object.fromEntries(
    [0, -1, 100, 101, 103, 199, 600, 999, 65_736, NaN, Infinity, 200.5, '201', 'x', null, true, {}, 404n].map(
      (status) => [`status ${inspect(status)}`, () => [null, { status }]],
    ),
  ),
  ...Object.fromEntries(
    [204, 205, 304].map((status) => [`status ${status} with a body`, () => ['', { status }]]),
  ),
  'a status text with a line break': () => ['x', { statusText: 'a\nb' }],
  'a status text beyond latin1': () => ['x', { statusText: '\u0100' }],
  'a status text that is none': () => ['x', { statusText: 7 }],
  'null for a status text': () => ['x', { statusText: null }],
  'text for an init': () => ['x', 'init'],
  'a number for an init': () => ['x', 7],
  'a function for an init': () => ['x', () => 1],
  'an array for an init': () => ['x', []],
  'an init of a class': () => [
    'x',
    new (class {
      status = 404;
    })(),
  ],
  'headers of a class': () => [
    'x',
    {
      headers: new (class {
        a = 'b';
      })(),
    },
  ],
  'null for headers': () => ['x', { headers: null }],
  'text for headers': () => ['x', { headers: 'a: b' }],
  'a function for headers': () => ['x', { headers: () => 1 }],
  'numbers for values': () => ['x', { headers: { 'X-A': 7 } }],
  'undefined for a value': () => ['x', { headers: { 'X-A': undefined } }],
  'null for a value': () => ['x', { headers: { 'X-A': null } }],
  'a list for a value': () => ['x', { headers: { 'X-A': ['a', 'b'] } }],
  'a symbol for a value': () => ['x', { headers: { 'X-A': Symbol('a') } }],
  'a symbol for a name': () => ['x', { headers: { a: 'b', [Symbol('a')]: 'a' } }],
  'an empty name': () => ['x', { headers: { '': 'a' } }],
  'a blank in a name': () => ['x', { headers: { 'X A': 'a' } }],
  'a colon in a name': () => ['x', { headers: { 'X-A:': 'a' } }],
  'a name beyond ASCII': () => ['x', { headers: { 'X-\xe9': 'a' } }],
  'blanks around a value': () => ['x', { headers: { 'X-A': ' \ta\t ' } }],
  'a line break behind a value': () => ['x', { headers: { 'X-A': 'a\n' } }],
  'a line break in a value': () => ['x', { headers: { 'X-A': 'a\r\nX-B: b' } }],
  'a NUL in a value': () => ['x', { headers: { 'X-A': 'a\0b' } }],
  'a value beyond latin1': () => ['x', { headers: { 'X-A': 'a\u0100' } }],
  'a bad value of a name that was good': () => ['x', { headers: { 'X-B': 'b\0' } }],
  'two spellings of a name': () => ['x', { headers: { 'X-A': 'a', 'x-a': 'b' } }],
  'a pair twice': () => [
    'x',
    {
      headers: [
        ['X-A', 'a'],
        ['x-a', 'b'],
      ],
    },
  ],
  'a pair of one': () => ['x', { headers: [['X-A']] }],
  'a pair of three': () => ['x', { headers: [['X-A', 'a', 'b']] }],
  'a list of no pairs': () => ['x', { headers: ['ab'] }],
  'a Map for headers': () => ['x', { headers: new Map([['X-A', 'a']]) }],
  'an object with an iterator': () => [
    'x',
    {
      headers: {
        *[Symbol.iterator]() {
          yield ['X-A', 'a'];
        },
      },
    },
  ],
};
const table = Object.entries({ ...light, ...heavy });

/** Of the same arguments, anew for each: ours and the platform's. */
function pair(make: () => Parameters_): [() => Response, () => Response] {
  const platform = installResponse()!;
  return [() => new Response(...(make() as [])), () => new platform(...(make() as []))];
}

describe('A Response of the fetch style', () => {
  const serve = fetchServers();

  before(() => void installResponse());

  for (const [name, make] of table) {
    it(`of ${name} is what the platform's is, or fails with the same error`, async () => {
      const [ours, theirs] = pair(make);
      const looks: Record<string, (response: Response) => unknown> = {
        nothing: seen,
        // Of names, the platform prints the spelling and the order in which it was given them.
        'a look inside': (response) => inspect(response).replace(/Headers \{[^}]*\}/, 'Headers'),
        'a clone': (response) => [seen(response.clone()), seen(response)],
        'a copy of its own': (response) => structuredClone(response),
        'an init': (response) => seen(new Response('y', response)),
        'both parts': (response) => seen(new Response(response.body, response)),
        'the descriptors': (response) =>
          propertiesOf(Response.prototype)
            .filter(([key, { get }]) => get !== undefined && key !== 'headers' && key !== 'body')
            .map(([key, { get }]) => [key, get!.call(response)]),
      };
      for (const [what, look] of Object.entries(looks)) {
        assert.deepEqual(await outcome(() => look(ours())), await outcome(() => look(theirs())), what);
      }
      for (const [reader, read] of Object.entries(readers)) {
        const readTwice = async (response: Response): Promise<unknown> => [
          await outcome(() => read(response)),
          response.bodyUsed,
          response.body?.locked,
          await outcome(() => read(response)),
          await outcome(() => seen(response.clone())),
        ];
        assert.deepEqual(
          await outcome(() => readTwice(ours())),
          await outcome(() => readTwice(theirs())),
          reader,
        );
      }
    });
  }

  for (const [name, make] of Object.entries(light)) {
    it(`of ${name} costs nothing of the platform's`, () => {
      assert.ok(stateOf(pair(make)[0]()));
    });
  }

  it('looks the same on the wire, also to HEAD', async () => {
    let make = (): Response => new Response();
    const server = serve(() => make());
    const client = await server.connect();
    const wire = async (made: () => Response, method: string): Promise<unknown> => {
      make = made;
      const { status, headers, body, complete } = await client.request({ method });
      return { status, headers, body: body.toString('latin1'), complete };
    };
    for (const [name, parameters] of table) {
      const [ours, theirs] = pair(parameters);
      for (const method of ['GET', 'HEAD']) {
        assert.deepEqual(await wire(ours, method), await wire(theirs, method), `${method} ${name}`);
      }
      const touched = (response: Response): Response => {
        response.headers.append('x-touched', 'yes');
        response.headers.append('Set-Cookie', 'a=1');
        response.headers.append('Set-Cookie', 'b=2');
        response.headers.delete('age');
        return response;
      };
      assert.deepEqual(
        await wire(() => touched(ours()), 'GET'),
        await wire(() => touched(theirs()), 'GET'),
        `${name}, touched`,
      );
    }
  });

  it("fails and succeeds as the platform's does for whatever headers", async () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({
        unit: fc.constantFrom('a', 'B', '-', ' ', '\t', '\n', '\0', '\x7f', '\xff', '\u0100', ':', '='),
      }),
      fc.constantFrom('set-cookie', 'Set-Cookie', 'content-type', 'Content-Type', 'x', 'X', 'y'),
    );
    const headers = fc.oneof(
      fc.dictionary(text, text),
      fc.array(fc.tuple(text, text)),
      fc.array(fc.array(text, { minLength: 1, maxLength: 3 })),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('x', null), headers, async (body, headers) => {
        const [ours, theirs] = pair(() => [body, { headers }]);
        assert.deepEqual(await outcome(() => seen(ours())), await outcome(() => seen(theirs())));
      }),
      { numRuns: 300 },
    );
  });

  it('does not see what becomes of its arguments', async () => {
    const body = bytes('abc');
    const headers = new Headers({ 'X-A': 'a' });
    const record: Record<string, string> = { 'X-A': 'a' };
    const init = { status: 201, headers: record };
    const [first, second] = [new Response(body, { headers }), new Response(body.buffer as ArrayBuffer, init)];
    body.fill(0);
    headers.set('x-a', 'b');
    record['X-A'] = 'b';
    init.status = 404;
    assert.deepEqual([first.headers.get('x-a'), await first.text()], ['a', 'abc']);
    assert.deepEqual([second.status, second.headers.get('x-a'), await second.text()], [201, 'a', 'abc']);
  });

  it('has headers that can be changed, which its clones and the platform see', async () => {
    const response = new Response('x', { headers: { 'X-A': 'a' } });
    const { headers } = response;
    headers.set('x-a', 'b');
    headers.delete('content-type');
    const clone = response.clone();
    headers.set('x-a', 'c');
    assert.deepEqual([...clone.headers], [['x-a', 'b']]);
    assert.equal((await response.clone().blob()).type, '');
    assert.equal(response.headers, headers);
    void response.body;
    headers.set('x-a', 'd');
    headers.set('content-type', 'text/x');
    assert.equal(response.headers, headers);
    assert.deepEqual(
      [...response.clone().headers],
      [
        ['content-type', 'text/x'],
        ['x-a', 'd'],
      ],
    );
    assert.match(inspect(response), /'x-a': 'd'/);
    assert.equal((await response.blob()).type, 'text/x');
  });

  it('has a clone that is read for itself', async () => {
    const response = new Response('x');
    const clones = [response.clone(), response.clone().clone()];
    assert.equal(await response.text(), 'x');
    for (const clone of clones) assert.deepEqual([clone.bodyUsed, await clone.text()], [false, 'x']);
  });

  it('is used once it is sent; one without a body is not', async () => {
    const make: Record<string, () => Response> = {
      '/text': () => new Response('x'),
      '/none': () => new Response(),
    };
    const kept = Object.fromEntries(Object.entries(make).map(([url, response]) => [url, response()]));
    const server = serve((request) => kept[new URL(request.url).pathname]!);
    const client = await server.connect();
    assert.equal((await client.request({ url: '/text' })).text, 'x');
    assert.equal((await client.request({ url: '/text' })).status, 500);
    assert.match(server.log.join(), /whose body has been read/);
    const { bodyUsed, body } = kept['/text']!;
    assert.deepEqual([bodyUsed, body?.locked], [true, true]);
    await assert.rejects(kept['/text']!.text(), TypeError);
    assert.throws(() => kept['/text']!.clone(), TypeError);
    for (let n = 0; n < 2; n++) assert.equal((await client.request({ url: '/none' })).status, 200);
    assert.equal(kept['/none']!.bodyUsed, false);
  });

  it('gives its body and itself for another one, as frameworks do, and is sent as a whole', async () => {
    const answers: Response[] = [];
    const server = serve(() => {
      const first = new Response('text', { status: 201, headers: { 'X-A': 'a' } });
      const second = new Response(first.body, first);
      assert.deepEqual([second.body === first.body, second.bodyUsed, first.bodyUsed], [true, false, false]);
      second.headers.set('X-B', 'b');
      const third = new Response(second.body, second);
      third.headers.append('Set-Cookie', 'c');
      answers.push(first, second, third);
      return third;
    });
    const { status, text, headers } = await server.request();
    assert.deepEqual([status, text], [201, 'text']);
    assert.deepEqual(
      headers.filter(([name]) => name !== 'Content-Length'),
      [
        ['content-type', 'text/plain;charset=UTF-8'],
        ['set-cookie', 'c'],
        ['x-a', 'a'],
        ['x-b', 'b'],
      ],
    );
    for (const answer of answers) {
      assert.equal(answer.bodyUsed, true);
      await assert.rejects(answer.text(), TypeError);
    }
  });

  it('shares what becomes of the body with whoever has its stream', async () => {
    const shared = (): [Response, Response] => {
      const first = new Response('text');
      return [first, new Response(first.body)];
    };
    const [read, other] = shared();
    assert.equal(await read.text(), 'text');
    assert.equal(other.bodyUsed, true);
    await assert.rejects(other.text(), TypeError);
    assert.throws(() => new Response(read.body), TypeError);
    const [, copied] = shared();
    const clone = copied.clone();
    assert.deepEqual([await copied.text(), await clone.text()], ['text', 'text']);
    const server = serve(async () => {
      const [first, second] = shared();
      await first.text();
      return second;
    });
    assert.equal((await server.request()).status, 500);
    assert.match(server.log.join(), /whose body has been read/);
  });

  it('is sent from where the app looked at it', async () => {
    const looks: ((response: Response) => unknown)[] = [
      (response) => response.body,
      (response) => response.clone().text(),
      (response) => inspect(response),
      (response) => [response.headers.get('x-a'), response.status, response.bodyUsed],
    ];
    for (const look of looks) {
      const server = serve(async () => {
        const response = new Response('text', { status: 201, headers: { 'X-A': 'a' } });
        await look(response);
        return response;
      });
      const { status, headers, text } = await server.request();
      assert.deepEqual([status, text], [201, 'text']);
      assert.deepEqual(
        headers.filter(([name]) => name.startsWith('x-') || name === 'content-type'),
        [
          ['content-type', 'text/plain;charset=UTF-8'],
          ['x-a', 'a'],
        ],
      );
    }
  });
});

describe('The class Response of the fetch style', () => {
  before(() => void installResponse());

  it("looks as the platform's", () => {
    const platform = installResponse()!;
    assert.notEqual(Response, platform);
    const look = (value: typeof Response): unknown =>
      Reflect.ownKeys(value)
        .sort()
        .map((key) => {
          const { writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(value, key)!;
          return [key, writable, enumerable, configurable];
        });
    assert.deepEqual(look(Response), look(platform));
    assert.deepEqual([Response.name, Response.length], ['Response', 0]);
    assert.equal(Response.prototype, platform.prototype);
    assert.equal(Response.prototype.constructor, Response);
    assert.deepEqual(Object.getOwnPropertyDescriptor(globalThis, 'Response'), {
      value: Response,
      writable: true,
      enumerable: false,
      configurable: true,
    });
    for (const [key, { value, get }] of propertiesOf(Response.prototype)) {
      const { name } = (get ?? value) as () => unknown;
      assert.ok(name === key || name === `get ${key}` || key === 'constructor', `${key}: ${name}`);
    }
    assert.throws(
      () => (Response as unknown as () => void)(),
      /^TypeError: Class constructor Response cannot be/,
    );
  });

  it('makes objects without properties of their own', () => {
    const response = new Response('x');
    assert.deepEqual(Reflect.ownKeys(response), []);
    assert.equal(Object.getPrototypeOf(response), Response.prototype);
    assert.equal(Object.prototype.toString.call(response), '[object Response]');
    assert.equal(response.constructor, Response);
    assert.equal(stateOf({ ...response }), undefined);
  });

  it("knows its instances, the platform's, and those of derived classes", async () => {
    const platform = installResponse()!;
    class OfOurs extends Response {
      more = 1;
    }
    class OfTheirs extends platform {}
    const responses = {
      ours: new Response('x'),
      json: Response.json(1, {}),
      clone: new Response('x').clone(),
      theirs: new platform('x'),
      fetched: await fetch('data:,x'),
      ofOurs: new OfOurs('x', { status: 201 }),
      ofTheirs: new OfTheirs('x'),
      redirect: Response.redirect('http://example.com/', 302),
      error: Response.error(),
    };
    for (const [name, response] of Object.entries(responses)) {
      assert.ok(response instanceof Response && response instanceof platform, name);
    }
    assert.deepEqual([responses.ofOurs.status, responses.ofOurs.more], [201, 1]);
    assert.equal(await responses.ofOurs.text(), 'x');
    assert.ok(responses.ofOurs instanceof OfOurs && !(responses.ours instanceof OfOurs));
    assert.ok(!(Object.create(null) instanceof Response) && !({} instanceof Response));
  });

  it('lets programs extend its prototype for all of them', async () => {
    const { prototype } = Response as unknown as { prototype: Record<string, unknown> };
    const text = Object.getOwnPropertyDescriptor(prototype, 'text')!;
    prototype.shout = async function (this: Response) {
      return (await this.text()).toUpperCase();
    };
    prototype.text = () => Promise.resolve('replaced');
    try {
      for (const response of [new Response('x'), await fetch('data:,x')]) {
        assert.equal(await (response as unknown as { shout(): Promise<string> }).shout(), 'REPLACED');
      }
    } finally {
      delete prototype.shout;
      Object.defineProperty(prototype, 'text', text);
    }
  });

  it('refuses methods and getters of other objects as the platform does', async () => {
    const { text } = Response.prototype as unknown as { text: () => Promise<string> };
    await assert.rejects(async () => text.call({}), TypeError);
    assert.throws(() => (Object.create(Response.prototype) as Response).status, TypeError);
  });

  const values: Record<string, () => [unknown, unknown?]> = {
    'an object': () => [{ a: ['ü'] }],
    null: () => [null],
    text: () => ['a'],
    undefined: () => [undefined],
    'a function': () => [() => 1],
    'a bigint': () => [1n],
    'a symbol': () => [Symbol('a')],
    'what tells its JSON itself': () => [{ toJSON: () => 'own' }],
    'what fails to': () => [
      {
        toJSON: () => {
          throw new RangeError('own');
        },
      },
    ],
    'a status': () => [{}, { status: 201, statusText: 'Made' }],
    'a type': () => [{}, { headers: { 'Content-Type': 'application/problem+json', 'X-A': 'a' } }],
    'a bad status': () => [{}, { status: 1000 }],
    'a status without body': () => [{}, { status: 204 }],
    'a bad header': () => [{}, { headers: { 'X A': 'a' } }],
    'null for init': () => [{}, null],
  };
  for (const [name, make] of Object.entries(values)) {
    it(`has a json() that does the same for ${name}`, async () => {
      const platform = installResponse()!;
      const look = async (json: unknown): Promise<unknown> => {
        const response = (json as (...parameters: unknown[]) => Response)(...make());
        return [seen(response), await response.text()];
      };
      assert.deepEqual(
        await outcome(() => look(Reflect.get(Response, 'json'))),
        await outcome(() => look(Reflect.get(platform, 'json'))),
      );
    });
  }

  it('has a json() that asks for its parameter, and makes light Responses', () => {
    assert.throws(() => (Response as unknown as { json: () => void }).json(), TypeError);
    assert.ok(stateOf(Response.json({ a: 1 }, { status: 201 })));
  });

  it('makes Responses that WebAssembly takes', async () => {
    const program = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
    const { compileStreaming } = Reflect.get(globalThis, 'WebAssembly') as {
      compileStreaming: (source: unknown) => Promise<unknown>;
    };
    const headers = { 'Content-Type': 'application/wasm' };
    assert.match(inspect(await compileStreaming(new Response(program, { headers }))), /WebAssembly\.Module/);
    await assert.rejects(compileStreaming(new Response(program)), TypeError);
  });
});

describe('The global Response', () => {
  const start = lsnodes();
  const own = `class Own extends Response { get own() { return 'own'; } }`;
  const apps: Record<string, [string, string]> = {
    'is left to an app that has put its own in its place': [
      `globalThis.Response = ${own}; export default { fetch: () => new Response(new Response('x').own) };`,
      'own',
    ],
    'that an app has kept, or derived a class from, works beside ours': [
      `const { Response: Kept } = globalThis; ${own}
      const answers = { '/kept': () => new Kept('kept'), '/own': () => new Own(new Own('x').own) };
      export default { async fetch(request) {
        const kept = answers['/kept'](), own = answers['/own'](), ours = new Response('x');
        const all = [kept, own, ours].every((made) => made instanceof Kept && made instanceof Response);
        return new Kept([all, ours instanceof Own, await kept.text(), await own.text(), await ours.text()].join());
      } };`,
      'true,false,kept,own,x',
    ],
    "is Node's in other styles": [
      `export default (req, res) => res.end(String(Response).slice(0, 5));`,
      'class',
    ],
  };
  for (const [name, [app, text]] of Object.entries(apps)) {
    it(name, async () => {
      const lsnode = start({ files: { 'app.mjs': app } });
      const client = await lsnode.connect();
      for (let n = 0; n < 2; n++) assert.equal((await client.request()).text, text, lsnode.stderr);
    });
  }
});
