interface Difference<T> {
  readonly lsnode: T;
  readonly library: T;
  readonly because: string;
}

function difference<T extends boolean | number>(lsnode: T, library: T, because: string): Difference<T> {
  return { lsnode, library, because };
}

/** Where the expectations of the black-box tests differ between `lsnode` and LiteSpeed's library, and why. */
export const DIFFERENCES = {
  /** Children that LSAPI_CHILDREN=3 allows while none of them hangs, LSAPI_EXTRA_CHILDREN at its default. */
  childrenAtLimitOfThree: difference<number>(
    3,
    4,
    'extra children stand in for children that hang; the library always has them (§5.5, §8.5)',
  ),
  /** Idle children that LSAPI_MAX_IDLE_CHILDREN=1 leaves. */
  idleChildrenKeptOfOne: difference<number>(
    1,
    2,
    'the library counts the children seen before, so that one more is left (§5.7)',
  ),
  /** A connection that the application ends is announced by CONN_CLOSE: LSAPI_MAX_REQS, LSAPI_MAX_IDLE. */
  endIsAnnounced: difference<boolean>(
    true,
    false,
    'a server that is told does not send its next request into a connection that is gone (§7.1 no. 8)',
  ),
  /** The parent ends after its last child. */
  parentWaitsForChildren: difference<boolean>(
    true,
    false,
    'whoever waits for the group knows that nothing is left; the library leaves its children alone (§5.5)',
  ),
};

/** The command line of another LSAPI executable that the black-box tests run in place of `lsnode`, if any. */
export const FOREIGN_COMMAND = process.env.LIFECYCLE_COMMAND;
/** SCRIPT_FILENAME of the requests to it. */
export const FOREIGN_SCRIPT = process.env.LIFECYCLE_SCRIPT;

/** What is to be expected of the executable that is tested. */
export function expected<T>({ lsnode, library }: Difference<T>): T {
  return FOREIGN_COMMAND === undefined ? lsnode : library;
}
