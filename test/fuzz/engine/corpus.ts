import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from './random.js';

/** Inputs of which each led somewhere that none before it did. A directory keeps them for the next run. */
export class Corpus {
  readonly #directory: string;
  readonly #inputs: Buffer[] = [];

  /** @param directory created if need be */
  constructor(directory: string) {
    this.#directory = directory;
    mkdirSync(directory, { recursive: true });
  }

  get size(): number {
    return this.#inputs.length;
  }

  /** What earlier runs kept, the shortest first. They belong to the corpus once they are added. */
  stored(): Buffer[] {
    return readdirSync(this.#directory)
      .sort()
      .map((name) => readFileSync(join(this.#directory, name)))
      .sort((one, other) => one.length - other.length);
  }

  add(input: Buffer): void {
    this.#inputs.push(input);
    writeFileSync(join(this.#directory, nameOf(input)), input);
  }

  /** Any input, those that came last more often. */
  pick(random: Random): Buffer {
    const { length } = this.#inputs;
    if (length === 0) return Buffer.alloc(0);
    const last = Math.ceil(length / 5);
    return this.#inputs[random.oneIn(2) ? random.below(length) : length - 1 - random.below(last)] as Buffer;
  }
}

/** What an input's file is called. */
export function nameOf(input: Uint8Array): string {
  return createHash('sha1').update(input).digest('hex');
}
