import { emptyHost, serverHost } from '../directives/draft.js';
import type { DirectiveConfiguration } from '../directives/index.js';
import { readable, resolveRequest } from '../directives/index.js';
import type { ScriptFinder } from './script-request.js';
import { refused } from './script-request.js';

/** Nothing is configured: what the environment of a request says is all. */
export const EMPTY_CONFIGURATION: DirectiveConfiguration = {
  server: serverHost(emptyHost()),
  virtualHosts: [],
  processGroups: new Set(),
};

/**
 * Serves the script that the directives map the request's URL to, as Apache with mod_wsgi would. What is mapped to no
 * script is not there: files are the web server's to serve.
 *
 * @param roots - directories that scripts must be in; `undefined`: wherever the configuration says
 */
export function findByDirectives(
  configuration: DirectiveConfiguration,
  roots: readonly string[] | undefined,
): ScriptFinder {
  return ({ method, url, env, headers }) => {
    const { SERVER_PROTOCOL, SERVER_PORT, SERVER_ADDR, REMOTE_ADDR, DOCUMENT_ROOT } = env;
    const found = resolveRequest(configuration, {
      method,
      uri: url,
      headers: headers(),
      serverPort: Number(SERVER_PORT) || 80,
      // Above 1.1 the server has checked the request by other rules.
      protocol: SERVER_PROTOCOL === 'HTTP/1.0' ? SERVER_PROTOCOL : 'HTTP/1.1',
      ...(SERVER_ADDR !== undefined && { serverAddress: SERVER_ADDR }),
      ...(REMOTE_ADDR !== undefined && { remoteAddress: REMOTE_ADDR }),
      ...(DOCUMENT_ROOT !== undefined && { documentRoot: DOCUMENT_ROOT }),
      env,
    });
    switch (found.kind) {
      case 'refused':
        return found.location === undefined
          ? refused(found.status, readable(found.reason))
          : { ...refused(found.status, readable(found.reason)), location: found.location };
      case 'declined':
        return refused(404, `no directive maps ${url} to a script`);
      case 'script':
        return {
          kind: 'script',
          path: readable(found.script),
          scriptName: found.scriptName,
          pathInfo: found.pathInfo,
          applicationGroup: found.applicationGroup,
          callableObject: found.callableObject,
          scriptReloading: found.scriptReloading,
          roots,
        };
    }
  };
}
