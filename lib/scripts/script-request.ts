/** A request as far as it says which script is meant. Text holds one character a byte. */
export interface ScriptRequest {
  readonly method: string;
  /** The request target as the client sent it. */
  readonly url: string;
  /** The LSAPI environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Header lines in order. */
  readonly headers: () => readonly (readonly [name: string, value: string])[];
}

/** The script that a request goes to. */
export interface ScriptChoice {
  readonly kind: 'script';
  /** Absolute path as it was named; symbolic links are not resolved. */
  readonly path: string;
  /** SCRIPT_NAME and PATH_INFO: decoded, one character a byte; `''` if there is none. */
  readonly scriptName: string;
  readonly pathInfo: string;
  /** Name of the module registry; `''` is the process's own. */
  readonly applicationGroup: string;
  /** Name of the export that answers. */
  readonly callableObject: string;
  /** Whether a changed script is to be loaded again. */
  readonly scriptReloading: boolean;
  /** Directories that the script must be in; `undefined`: the administrator has named the script itself. */
  readonly roots: readonly string[] | undefined;
}

/** The request is answered without a script. */
export interface ScriptRefusal {
  readonly kind: 'refused';
  readonly status: number;
  /** For the log. */
  readonly reason: string;
  /** Where a redirect leads. */
  readonly location?: string;
}

/** Finds the script of a request, without loading anything. */
export type ScriptFinder = (request: ScriptRequest) => ScriptChoice | ScriptRefusal;

export function refused(status: number, reason: string): ScriptRefusal {
  return { kind: 'refused', status, reason };
}
