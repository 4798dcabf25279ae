/** Numbers that look random and are the same for the same seed (xorshift32). */
export class Random {
  #state: number;

  /** @param seed 32 bits; each gives another sequence */
  constructor(seed: number) {
    // The state must never be 0, and neighboring seeds should not begin alike.
    this.#state = (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ (seed >>> 13)) >>> 0 || 1;
    for (let n = 0; n < 8; n++) this.#next();
  }

  /** A whole number from 0 on, below `bound`, which is from 1 to 2^31. */
  below(bound: number): number {
    return this.#next() % bound;
  }

  /** Whether something happens that happens once in `times`. */
  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }

  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  /** A number below `bound`, small ones far more often than large ones. */
  small(bound: number): number {
    return this.below(1 + this.below(1 + this.below(bound)));
  }

  #next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state;
  }
}
