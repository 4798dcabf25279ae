import type { Random } from './random.js';

/** Values at which something often changes. */
const NUMBERS = [
  0, 1, 2, 3, 4, 7, 8, 16, 24, 25, 44, 64, 100, 127, 128, 255, 256, 1024, 4096, 16_380, 16_384,
].concat([32_767, 32_768, 65_535, 65_536, 262_144, 2_147_483_647, -1, -2, -2_147_483_648]);
const DECIMALS = [
  '0',
  '-0',
  '-1',
  '+5',
  '1e9',
  '65536',
  '2147483648',
  '4294967296',
  '9007199254740993',
  '99999999999',
];
/** Bytes that mean something in text formats. */
const SIGNS = Buffer.from('\0\t\n\v\r !"#$%&\'()*+,-./0:;<=>?@A[\\]^_`a{|}~\x7f\x80\xff', 'latin1');

/** Changes inputs, each time in another way. */
export class Mutator {
  readonly #random: Random;
  readonly #words: readonly Buffer[];
  readonly #maxLength: number;
  #input = Buffer.alloc(0);

  constructor(random: Random, words: readonly string[], maxLength: number) {
    this.#random = random;
    this.#words = [...new Set(words)].map((word) => Buffer.from(word, 'latin1'));
    this.#maxLength = maxLength;
  }

  /** A new input, made of one by a few changes; `other` is another that pieces are taken from. */
  mutate(input: Buffer, other: Buffer): Buffer {
    this.#input = Buffer.from(input);
    for (let changes = 1 + this.#random.small(8); changes > 0; changes--) this.#change(other);
    return this.#input.subarray(0, this.#maxLength);
  }

  #change(other: Buffer): void {
    const random = this.#random;
    const input = this.#input;
    const { length } = input;
    const at = random.below(length + 1);
    const some = Math.min(length - at, 1 + random.small(Math.max(1, length)));
    switch (random.below(length === 0 ? 4 : 17)) {
      case 0:
        return this.#replace(at, 0, this.#bytes());
      case 1:
        return this.#replace(at, 0, this.#word());
      case 2:
        return this.#replace(at, 0, this.#pieceOf(other));
      case 3:
        return this.#replace(at, 0, Buffer.alloc(1 + random.small(64), this.#byte()));
      case 4:
      case 5:
        return this.#replace(at, some, Buffer.alloc(0));
      case 6:
        return this.#replace(at, Math.min(some, length - at), this.#word());
      case 7:
        return this.#replace(at, some, this.#pieceOf(other));
      case 8:
        return this.#replace(at, 0, this.#pieceOf(input));
      case 9:
        input[random.below(length)] = this.#byte();
        return;
      case 10:
        input[random.below(length)] = input[random.below(length)] as number;
        return;
      case 11:
        input[random.below(length)] = (input[random.below(length)] as number) ^ (1 << random.below(8));
        return;
      case 12:
        return this.#number(at);
      case 13:
        return this.#decimal();
      case 14:
        return this.#repeat(at, some);
      case 15:
        return this.#lines();
      default:
        // Behind the end of the one goes the other.
        this.#input = Buffer.concat([input.subarray(0, at), other.subarray(random.below(other.length + 1))]);
    }
  }

  #byte(): number {
    return this.#random.oneIn(2) ? this.#random.below(256) : this.#random.pick([...SIGNS]);
  }

  #bytes(): Buffer {
    return Buffer.from(Array.from({ length: 1 + this.#random.small(12) }, () => this.#byte()));
  }

  #word(): Buffer {
    return this.#words.length === 0 ? this.#bytes() : this.#random.pick(this.#words);
  }

  #pieceOf(input: Buffer): Buffer {
    const from = this.#random.below(input.length + 1);
    return input.subarray(from, from + 1 + this.#random.small(Math.max(1, input.length)));
  }

  #replace(at: number, count: number, by: Buffer): void {
    const input = this.#input;
    this.#input = Buffer.concat([input.subarray(0, at), by, input.subarray(at + count)]);
  }

  /** An integer of 8, 16 or 32 bits in either byte order. */
  #number(at: number): void {
    const random = this.#random;
    const bytes = Buffer.alloc(4);
    const nearby = random.oneIn(2) ? random.small(32) - 16 : 0;
    const value = (random.pick(NUMBERS) + nearby) | 0;
    if (random.oneIn(2)) bytes.writeInt32LE(value);
    else bytes.writeInt32BE(value);
    const size = 1 << random.below(3);
    const piece = random.oneIn(2) ? bytes.subarray(0, size) : bytes.subarray(4 - size);
    this.#replace(at, size, piece);
  }

  /** Another number in the place of one that is written out. */
  #decimal(): void {
    const random = this.#random;
    const numbers = [...this.#input.toString('latin1').matchAll(/[0-9]+/g)];
    if (numbers.length === 0) return;
    const { index, 0: digits } = random.pick(numbers);
    const value = random.oneIn(2) ? random.pick(DECIMALS) : String(Number(digits) + random.small(64) - 32);
    this.#replace(index, digits.length, Buffer.from(value));
  }

  /** A piece many times: what is nested deeply, or takes more than linear time. */
  #repeat(at: number, count: number): void {
    const random = this.#random;
    const piece = random.oneIn(2) ? this.#word() : this.#input.subarray(at, at + Math.min(count, 32));
    if (piece.length === 0) return;
    const most = Math.max(1, Math.floor((this.#maxLength - this.#input.length) / piece.length));
    const times = Math.min(most, random.oneIn(8) ? random.below(most) + 1 : 2 + random.small(40));
    this.#replace(at, 0, Buffer.concat(Array.from({ length: times }, () => piece)));
  }

  /** Lines in another order, one left out, or one twice. */
  #lines(): void {
    const random = this.#random;
    const lines = this.#input.toString('latin1').split('\n');
    const one = random.below(lines.length);
    const other = random.below(lines.length);
    const [taken = ''] = lines.splice(one, random.oneIn(3) ? 0 : 1);
    if (!random.oneIn(4)) lines.splice(other, 0, taken);
    this.#input = Buffer.from(lines.join('\n'), 'latin1');
  }
}
