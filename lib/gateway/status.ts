/**
 * Status codes that OpenLiteSpeed knows (lsapi-protocol §2.1, `captures/status-map.json`): everything else in
 * RESP_HEADER's status field or in a `Status:` line is ignored, so that the client sees 200.
 */
const KNOWN_RANGES: readonly (readonly [first: number, last: number])[] = [
  [100, 102],
  [200, 208],
  [300, 308],
  [400, 451],
  [500, 510],
];

/** Whether OpenLiteSpeed takes this status from an application. */
export function isKnownStatus(status: number): boolean {
  return KNOWN_RANGES.some(([first, last]) => status >= first && status <= last);
}

/** Whether a response with this status has no body: OpenLiteSpeed drops the bytes (§2.1). */
export function isBodilessStatus(status: number): boolean {
  return status < 200 || status === 204 || status === 205 || status === 304;
}
