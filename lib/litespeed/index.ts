/**
 * What LiteSpeed does for apps: internal redirects and delivery of files by X-LiteSpeed-Location, an accelerator for
 * Express's `res.sendFile()`, the headers that control LSCache, and the names of the server's variables.
 *
 * All functions give headers as pairs of name and value, which fit every handler style; {@link applyHeaders} sets them.
 * They throw `LsapiError` with LSAPI_ERR_LITESPEED_… for what the server would misunderstand.
 *
 * @module lsapi/litespeed
 */
export {
  acceleratedSendFile,
  type AcceleratedSendFileOptions,
  type SendFileMiddleware,
} from './accelerated-send-file.js';
export { cacheControl, type CacheControlOptions } from './cache-control.js';
export { cachePurge, type CachePurge } from './cache-purge.js';
export { cacheTag, type ScopedTags } from './cache-tag.js';
export { cacheVary, type CacheVaryOptions } from './cache-vary.js';
export type { LiteSpeedEnvironment, LiteSpeedVariable } from './environment.js';
export { fileDelivery } from './file-delivery.js';
export { FileRoots, type FileRoot, type LocatedFile } from './file-roots.js';
export { applyHeaders, type HeaderPair, type HeaderTarget } from './header.js';
export { internalRedirect } from './internal-redirect.js';
export { redirectedResponse, redirectInternally } from './redirected-response.js';
