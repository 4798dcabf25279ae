/** More than all instrumented modules of a target have. */
const MOST_EDGES = 1 << 16;

/** What the first statement of an instrumented module calls. */
export interface EdgeCounters {
  /** Memory for the counters of a module, one byte an edge, and the literals that stand in it. */
  enter(module: string, edges: number, literals: readonly string[]): Uint8Array;
}

/**
 * Where the instrumented code has been. Each edge has a counter; as libFuzzer does it, a counter that reaches another
 * power of two than ever before is as much worth knowing as an edge that was never taken.
 */
export class Coverage implements EdgeCounters {
  readonly #counters = new Uint8Array(MOST_EDGES);
  /** The magnitudes that each counter has had, one bit each. */
  readonly #seen = new Uint8Array(MOST_EDGES);
  readonly #covers: (module: string) => boolean;
  readonly #literals = new Set<string>();
  #used = 0;

  /** @param covers which modules count, by their path in the package */
  constructor(covers: (module: string) => boolean) {
    this.#covers = covers;
  }

  enter(module: string, edges: number, literals: readonly string[]): Uint8Array {
    if (!this.#covers(module)) return new Uint8Array(edges);
    for (const literal of literals) this.#literals.add(literal);
    const begin = this.#used;
    this.#used += edges;
    if (this.#used > MOST_EDGES)
      throw new Error(`the instrumented modules have more than ${MOST_EDGES} edges`);
    return this.#counters.subarray(begin, this.#used);
  }

  /** All edges there are. */
  get edges(): number {
    return this.#used;
  }

  /** The edges that were taken. */
  get taken(): number {
    return this.#seen.subarray(0, this.#used).reduce((sum, bits) => sum + (bits === 0 ? 0 : 1), 0);
  }

  get literals(): readonly string[] {
    return [...this.#literals];
  }

  /** Begins a new input. */
  reset(): void {
    this.#counters.fill(0, 0, this.#used);
  }

  /** Notes where the input led. @returns whether it led anywhere new */
  note(): boolean {
    const counters = this.#counters;
    const seen = this.#seen;
    let isNew = false;
    for (let edge = 0; edge < this.#used; edge++) {
      const counter = counters[edge] as number;
      if (counter === 0) continue;
      const bit = 1 << (31 - Math.clz32(counter));
      if (((seen[edge] as number) & bit) !== 0) continue;
      seen[edge] = (seen[edge] as number) | bit;
      isNew = true;
    }
    return isNew;
  }
}
