export { readApacheConfiguration, type ConfigurationReading } from './apache/read.js';
export { byteText, readable, type ConfigurationFiles } from './apache/file-access.js';
export { scriptsToPreload, type PreloadedScript } from './preload.js';
export {
  DirectivesError,
  formatProblem,
  hasErrors,
  type DirectiveErrorCode,
  type DirectiveProblem,
  type Place,
} from './problem.js';
export { MACHINE_PROBE, type FileKind, type FileProbe, type ProbedFile } from './request/file-probe.js';
export { resolveRequest, type ResolveOptions } from './request/resolve.js';
export type { Declined, DirectiveRequest, Refusal, Resolution, ScriptResolution } from './request/types.js';
export type { DirectiveConfiguration } from './settings.js';
export { configurationOf, readConfigurationFile, type LsnodeConfiguration } from './config-file.js';
