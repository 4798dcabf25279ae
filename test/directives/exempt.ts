import type { RequestsVector, VectorRequest } from '../support/modwsgi-vectors.js';

/** Requests of vectors that the resolver need not answer as recorded. */
export interface Exemption {
  /** What the configurations have in common. */
  readonly config: RegExp;
  /** Which requests of them; default: all that differ. */
  readonly requests?: (request: VectorRequest, vector: RequestsVector) => boolean;
  readonly reason: string;
}

/** All that does not apply, with the reason. One that nothing needs any more fails the test. */
export const EXEMPTIONS: readonly Exemption[] = [
  {
    config: /^\s*RewriteRule /m,
    reason:
      'mod_rewrite is not read: the web server rewrites, and hands over the URL and the variables that came of it',
  },
  {
    config: /^\s*Options .*\bMultiViews\b/m,
    reason: 'mod_negotiation is not read: the web server negotiates, and names the file that came of it',
  },
  {
    config: /^\s*ErrorDocument \d+ \//m,
    reason: 'error documents are the web server’s: what is refused is refused, whatever page it shows then',
  },
];
