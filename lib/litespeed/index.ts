/**
 * What LiteSpeed servers do for an app beyond HTTP: the page cache, internal redirects and delivery of files, and the
 * variables that come with a request. Nothing here needs the native part of the package.
 *
 * @packageDocumentation
 */
export {
  cacheControl,
  cachePurge,
  cacheTags,
  cacheVary,
  type CachePolicy,
  type CachePurge,
  type CacheVary,
} from './cache.js';
export { cacheSupport, type CacheSupport, type LiteSpeedEnvironment } from './environment.js';
export type { HeaderLine } from './header-line.js';
export { fileRedirect, internalRedirect, type FileMount } from './internal-redirect.js';
export { acceleratedSendFile, type AcceleratedSendFileOptions, type Middleware } from './send-file.js';
