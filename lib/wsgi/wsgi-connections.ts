import type { ConnectionOptions } from '../connections/connections.js';
import { RawConnections } from '../raw/raw-connections.js';
import type { RawRequest } from '../raw/raw-request.js';
import type { RawResponse } from '../raw/raw-response.js';
import { checkResult } from './checks.js';
import { createEnviron } from './environ.js';
import type { WsgiApplication, WsgiResult } from './wsgi.js';
import { WsgiResponse } from './wsgi-response.js';

/** Serves the LSAPI connections of a process with a WSGI application. */
export class WsgiConnections extends RawConnections {
  constructor(application: WsgiApplication, options: ConnectionOptions) {
    const multiprocess = options.multiprocess ?? false;
    // With their texts: environ has all of them.
    super((request, response) => serve(application, multiprocess, request, response), {
      ...options,
      limits: { ...options.limits, eagerText: true },
    });
  }

  protected override get refusesWebSockets(): boolean {
    return true;
  }
}

async function serve(
  application: WsgiApplication,
  multiprocess: boolean,
  request: RawRequest,
  response: RawResponse,
): Promise<void> {
  const output = new WsgiResponse(request, response);
  const result: unknown = await application(createEnviron(request, multiprocess), output.startResponse);
  checkResult(result);
  try {
    await sendResult(result, output, response);
  } finally {
    // Whatever happened (PEP 3333): it may hold a file or a database connection.
    if (typeof result.close === 'function') await result.close();
  }
}

async function sendResult(result: WsgiResult, output: WsgiResponse, response: RawResponse): Promise<void> {
  if (Array.isArray(result) && result.length === 1) {
    await output.sendWhole(result[0] as string | Uint8Array);
    return;
  }
  for await (const chunk of result) {
    await output.write(chunk);
    if (response.ended) return; // the client has left
  }
  output.finish();
}
