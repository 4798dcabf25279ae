/** Differences that are no defect, with the reason: what LSAPI cannot carry, or a LiteSpeed server does otherwise. */
export interface Permission {
  readonly suites: readonly string[];
  /** Matches the full titles of the tests. */
  readonly title: RegExp;
  readonly reason: string;
}

export const PERMITTED: readonly Permission[] = [];
