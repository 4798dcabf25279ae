/** A request as the web server got it. All text holds one character a byte. */
export interface DirectiveRequest {
  /** Default: `GET`. */
  readonly method?: string;
  /** The request target exactly as it was sent. */
  readonly uri: string;
  /** As in the request line; default: `HTTP/1.1`; `''`: HTTP/0.9. */
  readonly protocol?: string;
  /** Header lines in order; `Host` among them. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Port on which the connection came in. */
  readonly serverPort: number;
  /** Address on which the connection came in; without it virtual hosts of any address are candidates. */
  readonly serverAddress?: string;
  readonly remoteAddress?: string;
  /** Used where the configuration has no DocumentRoot. */
  readonly documentRoot?: string;
  /**
   * What the web server set for this request (`SetEnv`, `RewriteRule … [E=…]`). CGI variables and `HTTP_*` may be
   * among them; they do not count. A variable that is called like one of the five directives stands for it.
   */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** The request goes to a script. Text holds one character a byte. */
export interface ScriptResolution {
  readonly kind: 'script';
  /** SCRIPT_FILENAME: absolute, a file. */
  readonly script: string;
  /** SCRIPT_NAME: `''` at the root. */
  readonly scriptName: string;
  /** PATH_INFO: `''` if there is none. */
  readonly pathInfo: string;
  /** PATH_TRANSLATED; `undefined` without path info, and where it was not asked for. */
  readonly pathTranslated: string | undefined;
  /** Name of the module registry; `''` is the process's own. */
  readonly applicationGroup: string;
  /** Name of the export. */
  readonly callableObject: string;
  /** Whether a changed script is loaded again. */
  readonly scriptReloading: boolean;
}

/** The request is answered with an error or a redirect. */
export interface Refusal {
  readonly kind: 'refused';
  readonly status: number;
  /** What Apache writes into its log. */
  readonly reason: string;
  /** Where redirects lead. */
  readonly location?: string;
}

/** The request is for no script: whoever serves files goes on. */
export interface Declined {
  readonly kind: 'declined';
  /** Where the URL leads, without path info; `undefined` for requests that name no resource, `OPTIONS *` say. */
  readonly path: string | undefined;
  readonly pathInfo: string;
  readonly file: 'file' | 'directory' | 'missing';
}

export type Resolution = ScriptResolution | Refusal | Declined;

export function refusal(status: number, reason: string): Refusal {
  return { kind: 'refused', status, reason };
}
