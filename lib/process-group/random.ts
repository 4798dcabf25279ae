import { randomFillSync } from 'node:crypto';

/** xoshiro128**'s state. A typed array: numbers of 32 bits in it need no allocation. */
const state = new Int32Array(4);

/** 32 random bits: xoshiro128** 1.1 (Blackman and Vigna), which passes the usual test batteries. */
function next(): number {
  const s1 = state[1] as number;
  const multiplied = Math.imul(s1, 5);
  const result = Math.imul((multiplied << 7) | (multiplied >>> 25), 9);
  const s2 = (state[2] as number) ^ (state[0] as number);
  const s3 = (state[3] as number) ^ s1;
  state[1] = s1 ^ s2;
  state[0] = (state[0] as number) ^ s3;
  state[2] = s2 ^ (s1 << 9);
  state[3] = (s3 << 11) | (s3 >>> 21);
  return result;
}

const replacement = {
  // A method: no prototype, no constructor, name and length as the original's.
  random(this: void): number {
    // 26 and 27 bits: all 53 that a double of [0, 1) can have at equal distances.
    return ((next() >>> 6) * 0x8000000 + (next() >>> 5)) / 0x20000000000000;
  },
};

/**
 * Replaces Math.random() by a generator of our own, which can be given a new seed: V8's is the same in all children
 * of a fork. Done before the app is loaded, so that a copy of the function that the app keeps is ours as well.
 *
 * Contexts of the app's own (`vm.createContext()`) keep V8's; theirs are the same in siblings.
 */
export function replaceMathRandom(): void {
  seedMathRandom();
  Object.defineProperty(Math, 'random', {
    value: replacement.random,
    writable: true,
    enumerable: false,
    configurable: true,
  });
}

/** Starts another sequence. */
export function seedMathRandom(): void {
  do randomFillSync(state);
  while (state.every((word) => word === 0)); // the one state that the generator never leaves
}
