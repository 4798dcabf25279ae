import { LsapiError } from '../errors.js';
import { native } from '../native/binding.js';

/** Where a worker's requests come from: a listening socket, or one connection. */
export interface WorkerSocket {
  readonly kind: 'listening' | 'connected';
  readonly fd: number;
}

/**
 * Takes the socket on fd 0, whichever it is. It is moved away and /dev/null put in its place, so that neither the
 * app nor its children can read it.
 *
 * @param parameters - the app's arguments: an option that went there by mistake is worth a hint
 * @throws LsapiError LSAPI_ERR_STDIN_NOT_SOCKET
 */
export function takeStandardInput(parameters: readonly string[] = []): WorkerSocket {
  const kind = native.descriptorKind(0);
  if (kind === 'other') {
    throw new LsapiError(
      'LSAPI_ERR_STDIN_NOT_SOCKET',
      'lsnode was started without a socket as its standard input. A LiteSpeed server provides one; to start it by hand ' +
        'use --http ADDRESS (for a browser) or --bind ADDRESS (LSAPI, for a LiteSpeed server to connect to).' +
        (parameters.some((parameter) => /^(-b|--bind|--http)\b/.test(parameter))
          ? ' Options go before the app: what follows it is passed on to it.'
          : ''),
    );
  }
  const fd = native.takeStandardInput();
  if (fd < 0) {
    throw new LsapiError(
      'LSAPI_ERR_STDIN_NOT_SOCKET',
      `The socket on standard input cannot be taken (errno ${-fd}).`,
    );
  }
  return { kind, fd };
}
