import diagnosticsChannel from 'node:diagnostics_channel';
import { dumpUnread, endBody } from './incoming-message.js';
import { kEndCallbacks, kWritableFinished } from './internals.js';
import type { LsapiSocket } from './lsapi-socket.js';
import type { Callback, ResponseOutput } from './response-output.js';
import type { Response } from './server-response.js';

/** The same channel as Node's own server, for tracers. */
const responseFinish = diagnosticsChannel.channel('http.server.response.finish');

/** Calls back those whose data the server has taken. */
export function callBack(output: ResponseOutput): void {
  const { callbacks } = output;
  if (callbacks === undefined) return;
  output.callbacks = undefined;
  for (const callback of callbacks) callback(null);
}

/** Calls back those whose data the server will never get. */
export function callBackDestroyed(output: ResponseOutput): void {
  const { callbacks } = output;
  if (callbacks === undefined) return;
  output.callbacks = undefined;
  const error = Object.assign(new Error('Cannot call write after a stream was destroyed'), {
    code: 'ERR_STREAM_DESTROYED',
  });
  for (const callback of callbacks) callback(error);
}

/** The tick after the end of a response: what Node's server does, in its order. */
export function finishResponse(socket: LsapiSocket, response: Response): void {
  const { callbacks } = response.lsapiOutput;
  let last: Callback | undefined;
  if (callbacks !== undefined) {
    // The last one emits 'finish', and Node's own listener, registered before all others, does the rest first.
    last = callbacks.pop();
    callBack(response.lsapiOutput);
  }
  detach(socket, response);
  last?.(null);
}

/** The same for a response whose end() did not go through Node's: 'finish' is emitted here. */
export function finishWhole(socket: LsapiSocket, response: Response): void {
  detach(socket, response);
  // Node 20 and 22 compute it.
  if (kWritableFinished !== undefined) {
    (response as unknown as Record<symbol, boolean>)[kWritableFinished] = true;
  }
  if (kEndCallbacks !== undefined) {
    const state = response as unknown as Record<symbol, Callback[] | null>;
    const callbacks = state[kEndCallbacks] ?? null;
    state[kEndCallbacks] = null;
    if (callbacks !== null) for (const callback of callbacks) callback(null);
  }
  response.emit('finish');
}

/**
 * 'close' follows a tick later, even if nobody listens to it: the error of a write after the end, whose tick is between,
 * is not told by a response that is destroyed.
 */
function detach(socket: LsapiSocket, response: Response): void {
  const { request, server } = socket;
  if (responseFinish.hasSubscribers) responseFinish.publish({ request, response, socket, server });
  endBody(socket);
  dumpUnread(request);
  socket._httpMessage = null;
  (response as { socket: unknown }).socket = null;
  process.nextTick(closeResponse, response);
}

export function closeResponse(response: Response): void {
  if (response._closed) return;
  response.destroyed = true;
  response._closed = true;
  response.emit('close');
}
