/** What `lsnode doctor` can find. Codes are stable: programs may compare them, texts may be reworded. */
export type DoctorCode =
  // Node and the addon
  | 'LSAPI_DOCTOR_NODE_VERSION'
  | 'LSAPI_DOCTOR_NODE_FLAGS'
  | 'LSAPI_DOCTOR_ADDON'
  | 'LSAPI_DOCTOR_FORK'
  | 'LSAPI_DOCTOR_PROC'
  // The app
  | 'LSAPI_DOCTOR_APP_MISSING'
  | 'LSAPI_DOCTOR_APP_ACCESS'
  | 'LSAPI_DOCTOR_APP_LOAD'
  | 'LSAPI_DOCTOR_MODULE_TYPE'
  | 'LSAPI_DOCTOR_RESTART'
  | 'LSAPI_DOCTOR_LOG'
  // Settings and limits
  | 'LSAPI_DOCTOR_SETTING'
  | 'LSAPI_DOCTOR_AVOID_FORK'
  | 'LSAPI_DOCTOR_IDLE'
  | 'LSAPI_DOCTOR_CHILDREN'
  | 'LSAPI_DOCTOR_MAX_CONNECTIONS'
  | 'LSAPI_DOCTOR_WORKERS'
  | 'LSAPI_DOCTOR_INSTANCES'
  | 'LSAPI_DOCTOR_ADDRESS_SPACE'
  | 'LSAPI_DOCTOR_OPEN_FILES'
  | 'LSAPI_DOCTOR_PROCESSES'
  | 'LSAPI_DOCTOR_CORE'
  // Sockets
  | 'LSAPI_DOCTOR_ADDRESS'
  | 'LSAPI_DOCTOR_SOCKET_MISSING'
  | 'LSAPI_DOCTOR_SOCKET_TYPE'
  | 'LSAPI_DOCTOR_SOCKET_DEAD'
  | 'LSAPI_DOCTOR_SOCKET_ACCESS'
  | 'LSAPI_DOCTOR_SOCKET_SHARED'
  // The server's configuration
  | 'LSAPI_DOCTOR_SERVER'
  | 'LSAPI_DOCTOR_COMMAND'
  | 'LSAPI_DOCTOR_COMMAND_ACCESS'
  | 'LSAPI_DOCTOR_USER'
  | 'LSAPI_DOCTOR_ROOT'
  | 'LSAPI_DOCTOR_TYPE'
  | 'LSAPI_DOCTOR_HANDLER'
  | 'LSAPI_DOCTOR_SUFFIX'
  | 'LSAPI_DOCTOR_OLD_LOADER'
  | 'LSAPI_DOCTOR_CLIENT_ADDRESS';

/** One thing that is wrong, or will be. */
export interface Finding {
  readonly code: DoctorCode;
  /** `error`: requests fail, or the app does not start; `warning`: something does not do what it was meant for. */
  readonly severity: 'error' | 'warning';
  /** What it is about: a file with its line, a variable, a path. */
  readonly subject: string;
  /** What is the case. */
  readonly what: string;
  /** What comes of it. */
  readonly why: string;
  /** What to change; names the setting. */
  readonly remedy: string;
}

/** All that a check says in one. */
export function finding(
  code: DoctorCode,
  severity: Finding['severity'],
  subject: string,
  texts: Pick<Finding, 'what' | 'why' | 'remedy'>,
): Finding {
  return { code, severity, subject, what: texts.what, why: texts.why, remedy: texts.remedy };
}
