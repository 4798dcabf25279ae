/** The 256 bytes of which a set holds some: 1 for those in it. */
export type ByteSet = Uint8Array;

/** What an expression is made of. All of it works on bytes; case-insensitivity is in the sets already. */
export type Node =
  | { readonly type: 'set'; readonly set: ByteSet }
  | { readonly type: 'sequence'; readonly parts: readonly Node[] }
  | { readonly type: 'choice'; readonly branches: readonly Node[] }
  | { readonly type: 'capture'; readonly index: number; readonly body: Node }
  | { readonly type: 'atomic'; readonly body: Node }
  | { readonly type: 'look'; readonly behind: boolean; readonly negative: boolean; readonly body: Node }
  | {
      readonly type: 'repeat';
      readonly body: Node;
      readonly min: number;
      readonly max: number;
      readonly mode: RepeatMode;
    }
  | { readonly type: 'position'; readonly at: Position }
  | { readonly type: 'reference'; readonly group: GroupName; readonly ignoreCase: boolean }
  | { readonly type: 'call'; readonly group: GroupName }
  | { readonly type: 'condition'; readonly test: Node | GroupName; readonly yes: Node; readonly no: Node }
  | { readonly type: 'keep' }
  | { readonly type: 'fail' };

/** A group by number or name. */
export type GroupName = number | string;

/** `possessive`: nothing of what was taken is given back. */
export type RepeatMode = 'greedy' | 'lazy' | 'possessive';

/** Places in the text that match without taking anything. */
export type Position =
  'start' | 'end' | 'end-or-last-newline' | 'line-start' | 'line-end' | 'word-boundary' | 'no-word-boundary';

/** An expression, taken apart. */
export interface Syntax {
  readonly root: Node;
  /** Number of capturing groups. */
  readonly groups: number;
  /** Group numbers of a name: several where alternatives share it. */
  readonly names: ReadonlyMap<string, readonly number[]>;
}

/** An expression that PCRE would not compile, or that uses what this implementation leaves out. */
export class PatternError extends Error {
  override readonly name = 'PatternError';
}
