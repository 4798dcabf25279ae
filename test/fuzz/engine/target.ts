/** Something that takes bytes from somebody who may be hostile, and what must hold whatever they are. */
export interface FuzzTarget {
  /** Bytes that an input has at most. */
  readonly maxLength: number;
  /** Words of the input's language beside those that the instrumented code compares with. */
  readonly words?: readonly string[];
  /** Inputs to begin with. */
  seeds(): readonly Uint8Array[];
  /** Makes lengths, checksums and the like fit that most mutations break; changes `input` in place. */
  repair?(input: Buffer): void;
  /**
   * Takes one input. What it throws, or rejects with, is a finding. The outcome depends on nothing but the input;
   * `input` is not changed and not kept.
   */
  run(input: Buffer): void | Promise<void>;
}
