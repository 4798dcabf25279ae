import { insideRoot } from '../app/root-directory.js';
import { readable } from '../directives/index.js';
import { RequestEnvironment } from '../directives/request/environment.js';
import { DEFAULT_CALLABLE, expandCallable, expandGroup } from '../directives/request/groups.js';
import { parseHost } from '../directives/request/host.js';
import { readRequestDirectives } from '../directives/request/request-directives.js';
import { EMPTY_CONFIGURATION, findByDirectives } from './find-by-directives.js';
import { normaliseNames } from './mount.js';
import type { ScriptChoice, ScriptFinder, ScriptRefusal, ScriptRequest } from './script-request.js';
import { refused } from './script-request.js';

/**
 * Serves the script that the server names (SCRIPT_FILENAME), as by a script handler. What the environment of a request
 * says by variables that are called like the directives counts; `WSGIScriptAlias` there maps the URL instead.
 *
 * @param roots - directories that scripts must be in; `undefined`: the request's DOCUMENT_ROOT
 */
export function findByFilename(roots: readonly string[] | undefined): ScriptFinder {
  return (request) => {
    const { env } = request;
    const directives = readRequestDirectives(env);
    if ('status' in directives) return refused(directives.status, directives.reason);
    const allowed = roots ?? documentRoot(env);
    if (directives.aliases.length > 0) return findByDirectives(EMPTY_CONFIGURATION, allowed)(request);
    const { SCRIPT_FILENAME: file } = env;
    if (file?.startsWith('/') !== true) return noScript(file);
    const { settings } = directives;
    const { scriptName, pathInfo } = normaliseNames(env);
    const environment = new RequestEnvironment(
      { uri: request.url, headers: [], serverPort: 0, env },
      process.env,
    );
    return {
      kind: 'script',
      path: insideRoot(readable(file)),
      scriptName,
      pathInfo,
      applicationGroup:
        settings.applicationGroup === undefined
          ? ''
          : expandGroup(settings.applicationGroup, {
              to: addressee(request),
              settings,
              environment,
              scriptName,
            }),
      callableObject:
        settings.callableObject === undefined
          ? DEFAULT_CALLABLE
          : expandCallable(settings.callableObject, environment),
      scriptReloading: settings.scriptReloading ?? true,
      roots: allowed,
    } satisfies ScriptChoice;
  };
}

function documentRoot({ DOCUMENT_ROOT: root }: ScriptRequest['env']): readonly string[] {
  return root === undefined || root === '' ? [] : [insideRoot(readable(root))];
}

function noScript(file: string | undefined): ScriptRefusal {
  return refused(
    404,
    file === undefined
      ? 'the server named no script (SCRIPT_FILENAME). Map a suffix to lsnode by a script handler; for an app behind a ' +
          'context, start lsnode without --scripts'
      : `the server named a script without an absolute path: ${readable(file)}`,
  );
}

/** Whom the request was meant for, for names of groups. */
function addressee({ env, headers }: ScriptRequest): Parameters<typeof expandGroup>[1]['to'] {
  const { SERVER_NAME: name = '', SERVER_PORT: port = '' } = env;
  const given = headers().find(([header]) => header.toLowerCase() === 'host')?.[1];
  const host = given === undefined ? undefined : parseHost(given);
  return {
    host: { ...EMPTY_CONFIGURATION.server, name: name || host?.hostname },
    hostname: host?.hostname,
    port: host?.port,
    serverPort: Number(port) || 0,
  };
}
