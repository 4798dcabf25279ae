import { LSAPI_VARIABLES } from './lsapi-variables.js';
import { LSNODE_VARIABLES } from './lsnode-variables.js';
import type { SettingName } from './setting-types.js';
import { SUEXEC_VARIABLES } from './suexec-variables.js';
import type { VariableTable } from './variable.js';

/** All environment variables: names, types, defaults, ranges, meanings. Nothing else knows them. */
export const VARIABLES: VariableTable = { ...LSAPI_VARIABLES, ...LSNODE_VARIABLES, ...SUEXEC_VARIABLES };

/** The settings in the order of the table. */
export const SETTING_NAMES = Object.keys(VARIABLES) as readonly SettingName[];

/**
 * Names that are no mistake although no setting reads them: set by servers, read by the library in other
 * products, or planned (§6.2, §6.3).
 */
export const FOREIGN_VARIABLES: readonly string[] = [
  'LSAPI_ADDON',
  'LSAPI_PADDING',
  'LSAPI_DEFAULT_UID',
  'LSAPI_DEFAULT_GID',
  'LSAPI_CLEAN_SHUTDOWN',
  'LSAPI_DISABLE_CPAN_BEHAV',
  'LSAPI_INITIAL_START',
  'LSAPI_BACKEND_INITIAL_START',
  'LSAPI_CRIU',
  'LSAPI_CRIU_USE_SHM',
  'LSAPI_CRIU_SYNC_FD',
  'LSAPI_CRIU_IMAGE_PATH',
  'LSAPI_CRIU_DEBUG',
  'LSAPI_SIGNALS',
  'LSAPI_UNIQE',
];
