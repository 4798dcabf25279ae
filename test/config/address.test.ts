import assert from 'node:assert/strict';
import fc from 'fast-check';
import { formatAddress, parseAddress, type Address } from '#lib/config/address.js';
import { isLsapiError } from '#lib/errors.js';

const cwd = '/srv/app';

const unix = (path: string): Address => ({ kind: 'unix', path });
const v4 = (host: string, port: number): Address => ({ kind: 'tcp', host, port, family: 4 });
const v6 = (host: string, port: number): Address => ({ kind: 'tcp', host, port, family: 6 });
const named = (host: string, port: number): Address => ({ kind: 'tcp', host, port });

describe('addresses', () => {
  const accepted: [text: string, address: Address, formatted: string][] = [
    ['/run/app.sock', unix('/run/app.sock'), '/run/app.sock'],
    ['  /run/app.sock ', unix('/run/app.sock'), '/run/app.sock'],
    ['//run/app.sock', unix('/run/app.sock'), '/run/app.sock'],
    ['/run/my app.sock', unix('/run/my app.sock'), '/run/my app.sock'],
    ['/run/with:colon', unix('/run/with:colon'), '/run/with:colon'],
    ['unix:/run/app.sock', unix('/run/app.sock'), '/run/app.sock'],
    ['unix:///run/app.sock', unix('/run/app.sock'), '/run/app.sock'],
    ['uds://run/app.sock', unix('/run/app.sock'), '/run/app.sock'],
    ['UDS://tmp/lshttpd/node.sock', unix('/tmp/lshttpd/node.sock'), '/tmp/lshttpd/node.sock'],
    ['uds:///run/app.sock', unix('/run/app.sock'), '/run/app.sock'],
    ['./app.sock', unix('/srv/app/app.sock'), '/srv/app/app.sock'],
    ['../app.sock', unix('/srv/app.sock'), '/srv/app.sock'],
    ['tmp/app.sock', unix('/srv/app/tmp/app.sock'), '/srv/app/tmp/app.sock'],
    ['unix:app.sock', unix('/srv/app/app.sock'), '/srv/app/app.sock'],
    [`/${'x'.repeat(106)}`, unix(`/${'x'.repeat(106)}`), `/${'x'.repeat(106)}`],
    ['127.0.0.1:9000', v4('127.0.0.1', 9000), '127.0.0.1:9000'],
    ['tcp://10.0.0.1:65535', v4('10.0.0.1', 65535), '10.0.0.1:65535'],
    ['TCP://*:1', v4('0.0.0.0', 1), '0.0.0.0:1'],
    ['*:9000', v4('0.0.0.0', 9000), '0.0.0.0:9000'],
    ['localhost:9000', v4('127.0.0.1', 9000), '127.0.0.1:9000'],
    ['LocalHost:9000', v4('127.0.0.1', 9000), '127.0.0.1:9000'],
    ['9000', v4('127.0.0.1', 9000), '127.0.0.1:9000'],
    [' 08080', v4('127.0.0.1', 8080), '127.0.0.1:8080'],
    ['app.example.org:9000', named('app.example.org', 9000), 'app.example.org:9000'],
    ['tcp://backend_1:9000', named('backend_1', 9000), 'backend_1:9000'],
    ['tcp://unix:9000', named('unix', 9000), 'tcp://unix:9000'],
    ['tcp:9000', named('tcp', 9000), 'tcp:9000'],
    ['[::1]:9000', v6('::1', 9000), '[::1]:9000'],
    ['[::]:9000', v6('::', 9000), '[::]:9000'],
    ['[*]:9000', v6('::', 9000), '[::]:9000'],
    ['tcp://[2001:db8::1]:9000', v6('2001:db8::1', 9000), '[2001:db8::1]:9000'],
    ['[fe80::1%eth0]:9000', v6('fe80::1%eth0', 9000), '[fe80::1%eth0]:9000'],
  ];

  for (const [text, address, formatted] of accepted) {
    it(`${JSON.stringify(text)} is ${formatted}`, () => {
      assert.deepEqual(parseAddress(text, { cwd }), address);
      assert.equal(formatAddress(address), formatted);
      assert.deepEqual(parseAddress(formatted, { cwd: '/elsewhere' }), address);
    });
  }

  const rejected: [text: string, message: RegExp][] = [
    ['', /is empty.*look like/],
    ['   ', /is empty/],
    ['/', /names no socket/],
    ['unix:', /names no socket/],
    ['uds://', /names no socket/],
    ['/run/', /names a directory/],
    ['/run/.', /names a directory/],
    ['/run/..', /names a directory/],
    ['unix:..', /names a directory/],
    ['./', /names a directory/],
    ['/run/a\0b', /control characters/],
    ['/run/a\nb', /control characters/],
    ['a\x7f', /^The address "a\\u\{7f\}" contains/],
    ['\u202e', /Write \\u\{202e\}:9000/],
    [`/${'x'.repeat(107)}`, /108 bytes.*at most 107.*shorter/],
    [`/${'é'.repeat(54)}`, /109 bytes/],
    [`./${'x'.repeat(100)}`, /109 bytes long \(\/srv\/app\/x+\).*shorter absolute path/],
    ['http://127.0.0.1:8080', /begins with http:\/\/.*look like/],
    ['app.sock', /neither a port nor a "\/".*\.\/app\.sock/],
    ['localhost', /neither a port.*localhost:9000/],
    ['@abstract', /neither a port/],
    [':9000', /no host.*127\.0\.0\.1:9000.*\*:9000/],
    ['::1:9000', /more than one ":".*\[::1\]:9000/],
    ['h::9000', /more than one ":"/],
    ['[::1:9000', /no "\]"/],
    ['[::1]', /no ":" and port/],
    ['[::1]9000', /no ":" and port/],
    ['[::1]:', /no port behind/],
    ['[1.2.3.4]:9000', /no IPv6 address/],
    ['[]:9000', /no IPv6 address/],
    ['0', /has port 0.*1 to 65535/],
    ['65536', /has port 65536/],
    ['99999999999999999999999', /has port/],
    ['127.0.0.1:0', /has port 0/],
    ['127.0.0.1:70000', /has port 70000/],
    ['127.0.0.1:', /no port behind/],
    ['127.0.0.1:90x', /"90x" as port/],
    ['127.0.0.1:-1', /"-1" as port/],
    ['127.0.0.1:+9', /"\+9" as port/],
    ['127.0.0.1:9e3', /"9e3" as port/],
    ['127.0.0.1: 9000', /" 9000" as port/],
    ['127.0.0.256:9000', /no IPv4 address/],
    ['127.1:9000', /no IPv4 address/],
    ['ex ample:9000', /no host name/],
    ['-host:9000', /no host name/],
    ['tcp://', /neither a port/],
  ];

  for (const [text, message] of rejected) {
    it(`${JSON.stringify(text).slice(0, 60)} is refused: ${message.source}`, () => {
      assert.throws(
        () => parseAddress(text, { cwd }),
        (error) => isLsapiError(error, 'LSAPI_ERR_ADDRESS') && message.test(error.message),
      );
    });
  }

  it('have port 0, any free port, where that is asked for', () => {
    assert.deepEqual(parseAddress('0', { anyPort: true }), v4('127.0.0.1', 0));
    assert.deepEqual(parseAddress('[::1]:0', { anyPort: true }), v6('::1', 0));
    assert.throws(() => parseAddress('65536', { anyPort: true }), /0 to 65535/);
  });

  it('take relative paths from the current directory unless told otherwise', () => {
    assert.deepEqual(parseAddress('./s'), unix(`${process.cwd()}/s`));
  });

  it('show only the beginning of what is far too long', () => {
    const long = 'x'.repeat(100_000);
    for (const text of [
      long,
      `/${long}`,
      `./${long}`,
      `:${long}`,
      `${long}:`,
      `h:${long}`,
      `[${long}]:1`,
      `${long}:1:1`,
    ]) {
      assert.throws(
        () => parseAddress(text),
        (error) => isLsapiError(error, 'LSAPI_ERR_ADDRESS') && error.message.length < 1000,
      );
    }
  });

  const pieces = fc.constantFrom(
    ...[
      '/',
      '//',
      './',
      '../',
      'uds://',
      'unix:',
      'tcp://',
      'http://',
      '*',
      '[',
      ']',
      ':',
      '::',
      '::1',
      '.',
      ' ',
    ],
    ...['localhost', '127.0.0.1', 'a.b', '0', '9000', '65535', '65536', '-', '%', '@', 'x'.repeat(60), 'é'],
  );
  const anything = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'grapheme' }),
    fc.array(pieces, { maxLength: 7 }).map((list) => list.join('')),
    fc.constantFrom(...accepted.map(([text]) => text)),
  );

  it('give an address or an LsapiError, whatever the text; and what is written reads back the same (property)', () => {
    fc.assert(
      fc.property(anything, fc.boolean(), (text, anyPort) => {
        let address: Address;
        try {
          address = parseAddress(text, { cwd, anyPort });
        } catch (error) {
          assert.ok(isLsapiError(error, 'LSAPI_ERR_ADDRESS'), String(error));
          return;
        }
        const formatted = formatAddress(address);
        assert.deepEqual(parseAddress(formatted, { cwd: '/elsewhere', anyPort }), address);
        if (address.kind === 'unix')
          assert.ok(address.path.startsWith('/') && Buffer.byteLength(address.path) <= 107);
        else assert.ok(address.port <= 65_535 && address.port >= (anyPort ? 0 : 1));
      }),
      { numRuns: 5000 },
    );
  });
});
