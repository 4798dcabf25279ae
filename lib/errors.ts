/**
 * Every error that this package raises on its own carries one of these codes. Codes are stable: programs may
 * compare them, messages may be reworded.
 */
export type LsapiErrorCode =
  // Packets (lsapi-protocol: wire format, validation). The order is the order of the checks.
  | 'LSAPI_ERR_PACKET_MAGIC'
  | 'LSAPI_ERR_PACKET_TYPE'
  | 'LSAPI_ERR_PACKET_LENGTH'
  | 'LSAPI_ERR_PACKET_COUNT'
  | 'LSAPI_ERR_PACKET_ENV'
  | 'LSAPI_ERR_PACKET_OFFSET'
  | 'LSAPI_ERR_PACKET_LAYOUT'
  | 'LSAPI_ERR_PACKET_HEADER_INDEX'
  // Requests and responses
  | 'LSAPI_ERR_REQUEST_ENDED'
  | 'LSAPI_ERR_REQUEST_ABORTED'
  | 'LSAPI_ERR_BODY_TIMEOUT'
  | 'LSAPI_ERR_BODY_USED'
  | 'LSAPI_ERR_HEADER_INVALID'
  | 'LSAPI_ERR_HEADER_TOO_LARGE'
  | 'LSAPI_ERR_HEADERS_SENT'
  | 'LSAPI_ERR_CONTENT_LENGTH'
  | 'LSAPI_ERR_STATUS'
  | 'LSAPI_ERR_RESPONSE_ENDED'
  | 'LSAPI_ERR_RESPONSE_INVALID'
  | 'LSAPI_ERR_WSGI_START'
  | 'LSAPI_ERR_WSGI_BODY'
  | 'LSAPI_ERR_WSGI_INPUT'
  // Start and configuration
  | 'LSAPI_ERR_ADDRESS'
  | 'LSAPI_ERR_APP_NOT_FOUND'
  | 'LSAPI_ERR_APP_LOAD'
  | 'LSAPI_ERR_APP_NO_HANDLER'
  | 'LSAPI_ERR_FORK'
  | 'LSAPI_ERR_GROUP'
  | 'LSAPI_ERR_LISTEN'
  | 'LSAPI_ERR_NATIVE'
  | 'LSAPI_ERR_OPTION'
  | 'LSAPI_ERR_STDIN_NOT_SOCKET'
  | 'LSAPI_ERR_TUNE'
  // suEXEC daemon: it must not start; requests that it refuses; a child that could not become its user
  | 'LSAPI_ERR_SUEXEC'
  | 'LSAPI_ERR_CREDENTIALS_MISSING'
  | 'LSAPI_ERR_CREDENTIALS_MALFORMED'
  | 'LSAPI_ERR_CREDENTIALS_DIGEST'
  | 'LSAPI_ERR_CREDENTIALS_USER'
  | 'LSAPI_ERR_PRIVILEGES'
  | 'LSAPI_ERR_LVE'
  // Process groups seen from outside: one that cannot be read, none there, a target that names none
  | 'LSAPI_ERR_STATUS_SCOREBOARD'
  | 'LSAPI_ERR_STATUS_NO_GROUP'
  | 'LSAPI_ERR_STATUS_TARGET'
  // Directives (Apache configuration, lsnode.config): the last stands for all that are wrong in a configuration
  | 'LSAPI_ERR_DIRECTIVE_ARGUMENT'
  | 'LSAPI_ERR_DIRECTIVE_CONTEXT'
  | 'LSAPI_ERR_DIRECTIVE_FILE'
  | 'LSAPI_ERR_DIRECTIVE_PATTERN'
  | 'LSAPI_ERR_DIRECTIVE_SECTION'
  | 'LSAPI_ERR_DIRECTIVE_UNKNOWN'
  | 'LSAPI_ERR_DIRECTIVES'
  // What LiteSpeed does for apps: the target of an internal redirect, a file to deliver, a header for its cache
  | 'LSAPI_ERR_LITESPEED_LOCATION'
  | 'LSAPI_ERR_LITESPEED_FILE'
  | 'LSAPI_ERR_LITESPEED_CACHE'
  // lsnode install: a configuration that cannot be read or written, or that something else stands in
  | 'LSAPI_ERR_INSTALL'
  // Gateway
  | 'LSAPI_ERR_GATEWAY_CONNECT'
  | 'LSAPI_ERR_GATEWAY_RESPONSE'
  | 'LSAPI_ERR_GATEWAY_TIMEOUT';

/** An error of this package: {@link LsapiErrorCode | a stable `code`} and a message that names the remedy. */
export class LsapiError extends Error {
  override readonly name = 'LsapiError';
  readonly code: LsapiErrorCode;

  constructor(code: LsapiErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Whether `value` is an {@link LsapiError}, optionally with the given code. */
export function isLsapiError(value: unknown, code?: LsapiErrorCode): value is LsapiError {
  return value instanceof LsapiError && (code === undefined || value.code === code);
}
