import assert from 'node:assert/strict';
import { CgiHeaderParser } from '#lib/gateway/cgi-headers.js';
import { treatHead, type HeadTreatment } from '#lib/gateway/response-policy.js';

/** Status and headers as one text, or what else the treatment says. */
function treated(status: number, ...lines: string[]): string {
  return describeTreatment(treatHead(status, lines));
}

function describeTreatment(treatment: HeadTreatment): string {
  switch (treatment.kind) {
    case 'respond': {
      const { headers } = treatment;
      const pairs = headers.flatMap((text, n) => (n % 2 === 0 ? [`${text}=${headers[n + 1]}`] : []));
      return [String(treatment.status), ...pairs].join(' ');
    }
    case 'redirect':
      return ['redirect', treatment.location, ...treatment.carried].join(' ');
    case 'drop':
      return 'drop';
    case 'invalid':
      return `invalid: ${treatment.reason}`;
  }
}

describe('gateway: treatment of response headers', () => {
  it('lets a Status line override the numeric status', () => {
    assert.equal(treated(500, 'Status: 200 OK', 'A: b'), '200 a=b');
    assert.equal(treated(0, 'A: b', 'status:404'), '404 a=b');
  });

  it('ignores statuses that the server does not know', () => {
    assert.equal(treated(599, 'A: b'), '200 a=b');
    assert.equal(treated(404, 'Status: 599 Custom'), '404');
    assert.equal(treated(404, 'Status: text'), '404');
  });

  it('refuses interim statuses', () => {
    for (const status of [100, 101, 102]) assert.match(treated(status), /^invalid: the response status is 1/);
    assert.match(treated(200, 'Status: 100 Continue'), /^invalid/);
  });

  it('takes Location with status 200 for a redirect: internal for a path, 302 for the rest', () => {
    assert.equal(treated(200, 'Location: /x?y'), 'redirect /x?y');
    assert.equal(treated(0, 'Location: https://h/'), '302 location=https://h/');
    assert.equal(treated(0, 'Location: rel'), '302 location=rel');
  });

  it('takes Location with another status for a header, wherever the status is said', () => {
    assert.equal(treated(201, 'Location: /x'), '201 location=/x');
    assert.equal(treated(200, 'Status: 301', 'Location: /x'), '301 location=/x');
    assert.equal(treated(200, 'Location: /x', 'Status: 303'), '303 location=/x');
  });

  it('redirects internally for X-LiteSpeed-Location whatever the status is', () => {
    assert.equal(treated(403, 'X-LiteSpeed-Location: /f'), 'redirect /f');
    assert.equal(treated(200, 'X-LiteSpeed-Location: /f', 'Status: 404'), 'redirect /f');
    assert.equal(treated(200, 'X-LiteSpeed-Location: http://h/'), '302 location=http://h/');
  });

  it('carries over what follows the redirect and a Content-Disposition', () => {
    assert.equal(
      treated(
        200,
        'A: 1',
        'X-LiteSpeed-Location: /f',
        'B: 2',
        'Content-Disposition: c',
        'D: 4',
        'Set-Cookie: e=5',
      ),
      'redirect /f content-disposition c d 4 set-cookie e=5',
    );
  });

  it('keeps each Set-Cookie, and makes one of Lsc-Cookie', () => {
    assert.equal(
      treated(200, 'Set-Cookie: a', 'Set-Cookie: a', 'Lsc-Cookie: b'),
      '200 set-cookie=a set-cookie=a set-cookie=b',
    );
  });

  it('drops repeated values and list members', () => {
    assert.equal(treated(200, 'X: a, b', 'X: a, b', 'X: b', 'X: c, a', 'X: d, e'), '200 x=a, b x=c x=d, e');
  });

  it('replaces a repeated Content-Type in its place', () => {
    assert.equal(treated(200, 'Content-Type: a/b', 'X: y', 'Content-Type: c/d'), '200 content-type=c/d x=y');
  });

  it('swallows what the server makes itself', () => {
    const lines = [
      'Date: d',
      'Server: s',
      'Connection: close',
      'Keep-Alive: k',
      'Proxy-Connection: p',
      'Lsrecaptcha: 1',
    ];
    assert.equal(treated(200, ...lines, 'Transfer-Encoding: gzip', 'Trailer: T', 'A: b'), '200 a=b');
  });

  it('drops lines without name or colon, and blanks around the colon', () => {
    assert.equal(treated(200, 'no colon', ': value', 'A : b', 'C:\t d  '), '200 a=b c=d  ');
  });

  it('takes the first Content-Length, and refuses one that is no number', () => {
    const treatment = treatHead(200, ['Content-Length: 5', 'Content-Length: 6']);
    assert.equal(treatment.kind === 'respond' && treatment.contentLength, 5);
    for (const value of ['abc', '', '-1', '1,2', '99999999999999999999']) {
      assert.match(treated(200, `Content-Length: ${value}`), /^invalid: the response has "Content-Length/);
    }
  });

  it('refuses a line over 16380 bytes', () => {
    assert.match(treated(200, `X: ${'a'.repeat(16_379)}`), /^200 x=a/);
    assert.match(treated(200, `X: ${'a'.repeat(16_380)}`), /^invalid: the line "X"/);
  });

  it('drops and reports lines that would inject headers', () => {
    const treatment = treatHead(200, ['A: 1\r\nB: 2', 'C: \0', 'D E: 3', 'F: 4']);
    assert.equal(describeTreatment(treatment), '200 f=4');
    assert.equal(treatment.kind === 'respond' && treatment.dropped.length, 3);
  });

  it('removes Content-Encoding: none and Content-Type of a 304', () => {
    assert.equal(treated(200, 'Content-Encoding: none'), '200');
    assert.equal(treated(304, 'Content-Type: a/b', 'ETag: "e"'), '304 etag="e"');
  });
});

describe('gateway: header section in the body', () => {
  for (const [name, cut] of [
    ['whole', 1000],
    ['byte by byte', 1],
    ['in pieces of seven', 7],
  ] as const) {
    it(`is read ${name}`, () => {
      const bytes = Buffer.from('HTTP/1.0 404 Nope\r\nA: 1\nB: 2\r\n\r\nbody\n\nmore');
      const parser = new CgiHeaderParser();
      let body: Buffer | undefined;
      let at = 0;
      while (body === undefined && at < bytes.length) {
        body = parser.push(bytes.subarray(at, at + cut));
        at += cut;
      }
      assert.deepEqual(parser.lines, ['Status: 404 Nope', 'A: 1', 'B: 2']);
      assert.equal(Buffer.concat([body ?? Buffer.alloc(0), bytes.subarray(at)]).toString(), 'body\n\nmore');
    });
  }

  it('is given up when it grows too long', () => {
    const parser = new CgiHeaderParser();
    while (!parser.overflown) assert.equal(parser.push(Buffer.alloc(10_000, 'x')), undefined);
  });
});
