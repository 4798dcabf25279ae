import type { RequestVector } from '../../support/vectors.js';

/** The fields of a request that the gateway is compared in. */
export interface DeliveredRequest {
  method: string | null;
  scriptFilename: string | null;
  scriptName: string | null;
  queryString: string | null;
  reqBodyLen: number;
  env: [name: string, value: string][];
  knownHeaders: Record<string, string>;
  unknownHeaders: [name: string, value: string][];
  bodySha256: string;
}

/** A rule by which the gateway's requests differ from OpenLiteSpeed's on purpose. */
export interface RequestDifference {
  readonly name: string;
  readonly reason: string;
  readonly applies: (vector: RequestVector) => boolean;
  /** What the application gets instead; no requests at all: the client gets a 400. */
  readonly adjust: (requests: DeliveredRequest[], vector: RequestVector) => void;
}

const refused = (requests: DeliveredRequest[]): void => void requests.splice(0);

/** The complete list. The first ones are what Node's HTTP parser does not take: no HTTP framing is written here. */
export const REQUEST_DIFFERENCES: readonly RequestDifference[] = [
  {
    name: 'method unknown to Node',
    reason:
      'Node refuses methods that it does not know, lower case included; OpenLiteSpeed takes some of them',
    applies: (vector) =>
      /^(CHECKIN|UNCHECKOUT|UPDATE|MKWORKSPACE|LABEL|VERSION-CONTROL|BASELINE-CONTROL|REFRESH|CONNECT|\S*[a-z]\S*) /.test(
        head(vector),
      ),
    adjust: refused,
  },
  {
    name: 'request target with bytes beyond ASCII',
    reason: 'Node refuses them; clients have to send percent escapes',
    applies: (vector) => /^[^\r\n]*[\u0080-\u00ff]/.test(head(vector)),
    adjust: refused,
  },
  {
    name: 'lines that end in LF',
    reason: 'Node requires CRLF, which keeps requests from being read differently by two servers',
    applies: (vector) => /[^\r]\n/.test(head(vector)),
    adjust: refused,
  },
  {
    name: 'folded header lines and stray CR',
    reason: 'Node refuses them, as RFC 9112 demands; OpenLiteSpeed turns them into blanks',
    applies: (vector) => /\r\n[ \t]|\r(?!\n)/.test(head(vector)),
    adjust: refused,
  },
  {
    name: 'control characters in a header value',
    reason: 'Node refuses them',

    applies: (vector) => /[\u0001-\u0008\u000b\u000c\u000e-\u001f\u007f]/.test(head(vector)),
    adjust: refused,
  },
  {
    name: 'protocol name in lower case',
    reason: 'Node requires HTTP in upper case',
    applies: (vector) => / http\/1\.\d\r\n/.test(head(vector)),
    adjust: refused,
  },
  {
    name: 'Content-Length and Transfer-Encoding',
    reason: 'Node refuses both together in any order (request smuggling); OpenLiteSpeed only the one order',
    applies: (vector) =>
      /\r\ncontent-length:/i.test(head(vector)) && /\r\ntransfer-encoding:/i.test(head(vector)),
    adjust: refused,
  },
  {
    name: 'chunked upload that arrives late but at once',
    reason:
      'OpenLiteSpeed gives length -1 and a Content-Length; the gateway gives -1 and leaves Transfer-Encoding, as for ' +
      'any upload that was not complete in time',
    applies: (vector) =>
      vector.meta.decoded.reqBodyLen === -1 &&
      vector.meta.decoded.knownHeaders['Transfer-Encoding'] === undefined &&
      !/\r\ncontent-length:/i.test(head(vector)),
    adjust: (requests) => {
      for (const { knownHeaders } of requests) {
        delete knownHeaders['Content-Length'];
        knownHeaders['Transfer-Encoding'] = 'chunked';
      }
    },
  },
  {
    name: 'h2c offer',
    reason: 'OpenLiteSpeed overwrites the Upgrade line with blanks; the gateway leaves it out',
    applies: (vector) => /\r\nupgrade: *h2c\r\n/i.test(head(vector)),
    adjust: (requests) => {
      for (const request of requests) {
        request.unknownHeaders = request.unknownHeaders.filter(([name]) => name.trim() !== '');
      }
    },
  },
  {
    name: 'known header of 65,536 bytes and more',
    reason: 'the packet is the same; the decoder of the tests recovers the length, the recorder did not',
    applies: (vector) => longKnownHeaders(vector).length > 0,
    adjust: (requests, vector) => {
      for (const [name, value] of longKnownHeaders(vector)) {
        for (const { knownHeaders } of requests) knownHeaders[name] = value;
      }
    },
  },
];

/** Vectors that need something which the gateway does not have; they are not played. */
export const OUT_OF_SCOPE: readonly { reason: string; applies: (vector: RequestVector) => boolean }[] = [
  { reason: 'not recorded but synthesised', applies: ({ meta }) => meta.synthesised },
  {
    reason: 'the gateway speaks HTTP/1 without TLS',
    applies: ({ meta }) => /TLS/.test(meta.http.transport ?? ''),
  },
  {
    reason: 'the gateway has no rewrite rules, error documents, regular-expression or app-server contexts',
    applies: ({ meta }) => /rewrite|error-document|regex|app-server/.test(meta.mapping),
  },
  { reason: 'the gateway has no PHP settings', applies: ({ meta }) => meta.decoded.specialEnv.length > 0 },
  {
    reason: 'the gateway does not translate client addresses and has no other server configuration',
    applies: ({ meta }) => !(meta.serverConfig ?? '').startsWith('base configuration'),
  },
  {
    reason: 'the addresses of the recording are IPv6',
    applies: ({ meta }) => /IPv6/.test(meta.http.transport ?? ''),
  },
  {
    reason: 'the server authenticated the client itself',
    applies: ({ meta }) => meta.decoded.env.some(([name]) => name === 'AUTH_TYPE' || name === 'HttpAuth'),
  },
];

/** The first request's line and headers, without empty lines before them. */
function head({ http }: RequestVector): string {
  const text = (http[0] ?? Buffer.alloc(0)).toString('latin1').replace(/^[\r\n]+/, '');
  return text.slice(0, /\r?\n\r?\n/.exec(text)?.index ?? text.length) + '\r\n';
}

function longKnownHeaders(vector: RequestVector): [name: string, value: string][] {
  const known = Object.keys(vector.meta.decoded.knownHeaders);
  return known.flatMap((name): [string, string][] => {
    const value = new RegExp(`\r\n${name}: ([^\r\n]*)`, 'i').exec(head(vector))?.[1] ?? '';
    return value.length >= 65_536 ? [[name, value]] : [];
  });
}
