import { closestMatch } from '../../config/closest-match.js';

/** The five directives that are read for their own sake. */
export const OWN_DIRECTIVES = [
  'WSGIScriptAlias',
  'WSGIScriptAliasMatch',
  'WSGIApplicationGroup',
  'WSGICallableObject',
  'WSGIScriptReloading',
] as const;

/** Further directives of mod_wsgi: known, so no slip of the hand, and without effect here except where noted. */
const FURTHER_DIRECTIVES = [
  'WSGIAcceptMutex',
  'WSGIAccessScript',
  'WSGIAuthGroupScript',
  'WSGIAuthUserScript',
  'WSGICaseSensitivity',
  'WSGIChunkedRequest',
  // Its name makes a process group one that a request may be sent to.
  'WSGIDaemonProcess',
  'WSGIDestroyInterpreter',
  'WSGIDontWriteBytecode',
  'WSGIEnableSendfile',
  'WSGIErrorOverride',
  'WSGIGroupAuthoritative',
  'WSGIHandlerScript',
  'WSGIImportScript',
  'WSGIIgnoreActivity',
  'WSGILazyInitialization',
  'WSGIMapHEADToGET',
  'WSGIPassApacheRequest',
  'WSGIPassAuthorization',
  // Read: a request for a process group that there is not is refused.
  'WSGIProcessGroup',
  'WSGIPythonHashSeed',
  'WSGIPythonHome',
  'WSGIPythonOptimize',
  'WSGIPythonPath',
  'WSGIPythonWarnings',
  'WSGIRestrictEmbedded',
  'WSGIRestrictProcess',
  'WSGIRestrictSignal',
  'WSGIRestrictStdin',
  'WSGIRestrictStdout',
  'WSGIServerMetrics',
  'WSGISocketPrefix',
  'WSGISocketRotation',
  'WSGISwitchInterval',
  'WSGITrustedProxies',
  'WSGITrustedProxyHeaders',
  'WSGIUserAuthoritative',
  'WSGIVerboseDebugging',
] as const;

/** All names as they are written, by those in lower case. */
const KNOWN = new Map([...OWN_DIRECTIVES, ...FURTHER_DIRECTIVES].map((name) => [name.toLowerCase(), name]));
const KNOWN_LOWER = [...KNOWN.keys()];

/**
 * Whether a directive that nobody reads is a slip of the hand for one of mod_wsgi's: it begins with `WSGI` and
 * mod_wsgi has no such directive, or it is one or two letters away from one of the five.
 *
 * @returns the directive that was probably meant, `''` if none is near; `undefined`: it is another module's
 */
export function meantDirective(name: string): string | undefined {
  const lower = name.toLowerCase();
  if (KNOWN.has(lower)) return undefined;
  const limit = lower.startsWith('wsgi') ? 6 : 2;
  const near = closestMatch(lower, KNOWN_LOWER, limit);
  if (near === undefined) return lower.startsWith('wsgi') ? '' : undefined;
  return KNOWN.get(near);
}
