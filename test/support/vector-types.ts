import type { ByteOrder } from '#lib/codec/index.js';

/** One chunk of a recorded stream and when it was read or written. */
export interface RecordedChunk {
  offset: number;
  length: number;
  atMs?: number;
  afterMs?: number;
}

/** Client side of a request vector. Without `length` (synthesized vectors) the file is not shortened. */
export interface RecordedHttpRequest {
  file: string;
  transport?: string;
  client?: string;
  serverPort?: number;
  length?: number;
  storedLength?: number;
  sha256?: string;
  writes?: RecordedChunk[];
  responseStatusLine?: string | null;
  clientEnd?: string;
  tls?: { version: string; cipher: string; alpn: string | null };
  note?: string;
  more?: RecordedHttpRequest[];
}

/** What an application received on one connection. Synthesized vectors have neither `reads` nor `packets`. */
export interface RecordedLsapiConnection {
  file: string;
  length: number;
  storedLength?: number;
  sha256: string;
  reads?: RecordedChunk[];
  packets?: {
    offset: number;
    type: number;
    typeName?: string;
    packetLength: number;
    bodyOffset?: number;
    bodyLength?: number;
  }[];
  end?: string;
  more?: RecordedLsapiConnection[];
}

/** A BEGIN_REQUEST packet as the recorder's decoder saw it; see the README of the captures. */
export interface RecordedRequestFields {
  flag: 0 | 1;
  byteOrder: ByteOrder;
  packetLength: number;
  httpHeaderLen: number;
  reqBodyLen: number;
  scriptFileOff: number;
  scriptNameOff: number;
  queryStringOff: number;
  requestMethodOff: number;
  cntUnknownHeaders: number;
  cntEnv: number;
  cntSpecialEnv: number;
  method: string | null;
  scriptFilename: string | null;
  scriptName: string | null;
  queryString: string | null;
  /** The third element is the uncut value where it differs. */
  env: ([name: string, value: string] | [name: string, value: string, uncut: string])[];
  specialEnv: [name: string, value: string][];
  knownHeaders: Record<string, string>;
  knownHeaderLengthWithoutOffset?: Record<string, number>;
  unknownHeaders: [name: string, value: string][];
  anomalies?: { knownHeader: string; offset: number; length: number; problem: string }[];
  /** Body bytes seen on the wire. */
  bodyLength: number;
  bodySha256: string;
  bodyComplete?: boolean;
  layout: {
    specialEnv: number;
    env: number;
    envEnd: number;
    knownHeaderIndex: number;
    unknownHeaders: number;
    httpHeader: number;
  };
}

/** meta.json of a request vector. */
export interface RecordedRequestMeta {
  id: string;
  name: string;
  shows: string;
  mapping: string;
  synthesised: boolean;
  serverConfig?: string;
  appBehaviour?: string;
  http: RecordedHttpRequest;
  lsapi: RecordedLsapiConnection;
  decoded: RecordedRequestFields;
  decodedAll?: RecordedRequestFields[];
}

/** A packet of an application as the recorder's decoder saw it. */
export interface RecordedResponsePacket {
  offset: number;
  type: number;
  typeName: string;
  /** The whole flag byte. */
  flag: number;
  byteOrder: ByteOrder;
  length: number;
  headerCount?: number;
  status?: number;
  lineLengths?: number[];
  /** Long lines are cut and end in `...(N bytes)`. */
  lines?: string[];
  /** Only the first of many lines are listed. */
  linesTruncated?: boolean;
  payloadLength?: number;
  payloadSha256?: string;
  pidNotice?: number;
  problem?: string;
}

/** One connection of a response vector. */
export interface RecordedResponseConnection {
  connection: number;
  file: string;
  length: number;
  sha256: string;
  writes: RecordedChunk[];
  requestsReceived: {
    atMs: number;
    delivery: number;
    packetLength: number;
    queryString: string;
    responseStartsAt?: number;
  }[];
  packets: RecordedResponsePacket[];
  undecodableFrom?: number;
  appClosedSocket: boolean;
  seenByAppAfterwards: { atMs: number; event: string }[];
  connectionAfterwards: string;
}

/** meta.json of a response vector. */
export interface RecordedResponseMeta {
  id: string;
  name: string;
  shows: string;
  category?: string;
  serverConfig: string;
  request: {
    length: number;
    sha256: string;
    latin1: string;
    client: string;
    lsapiPacketBase64: string;
    note?: string;
    /** What the client sent and waited for, where it did not send everything at once. */
    steps?: string[];
  };
  lsapi: RecordedResponseConnection;
  lsapiOtherConnections?: (Omit<RecordedResponseConnection, 'packets'> & {
    packets?: RecordedResponsePacket[];
  })[];
  deliveries: number;
  /** A dissimilar response that was sent first on the same LSAPI connection. */
  precededBy?: string;
  http: {
    length: number;
    sha256: string;
    reads: RecordedChunk[];
    clientConnection: string;
    volatileLines: string[];
    /** `null`: the client got nothing. */
    statusLine: string | null;
    note?: string;
    responses: {
      offset: number;
      statusLine: string;
      headers: [name: string, value: string][];
      headerBytes: number;
      framing: string;
      bodyLength: number;
      bodyBytesOnWire?: number;
      bodySha256?: string;
      complete?: boolean;
      bodyLatin1?: string;
      headerCountTotal?: number;
      headersTruncated?: string;
    }[];
  };
}

/** An entry of status-map.json. */
export interface StatusMapEntry {
  status: number;
  statusLine: string;
  body: boolean;
}

/** An entry of not-forwarded.json. */
export interface NotForwarded {
  name: string;
  shows: string;
  /** First 400 bytes of what the client sent. */
  httpLatin1: string;
  transport: string;
  serverConfig: string;
  responseStatusLine: string | null;
  note: string | null;
}
