// Packages that make identifiers take random bytes for many of them at once, and keep them: nanoid, older uuid. Forked
// children would share such a pool, and make the same identifiers. What is taken while the app loads is remembered,
// and filled anew in each child, as if each had loaded the app itself.
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';

/**
 * Bytes of what counts as a pool. Less is a key or a secret rather, which is better the same in all children, and more
 * getRandomValues() does not give. Pools of uuid have 256 bytes, those of nanoid 2,688. With randomBytes() secrets of 256
 * and 512 bytes are usual, and pools (@lukeed/uuid) have 4,096.
 */
const SMALLEST = 256;
const SMALLEST_OF_RANDOM_BYTES = 1024;
const LARGEST = 65_536;

/** Most pools that are remembered; the oldest are forgotten. */
const MOST = 64;

interface Pool {
  /** Not kept alive by this. */
  readonly memory: WeakRef<ArrayBufferLike>;
  readonly offset: number;
  /** What it was filled with: memory that has been used for something else since is left alone. */
  readonly content: Buffer;
}

type Filling = (this: unknown, ...parameters: unknown[]) => unknown;

/** A function of Node's that is watched, to be put back. */
interface Replaced {
  readonly owner: object;
  readonly name: string;
  readonly original: PropertyDescriptor;
  readonly replacement: Filling;
}

let pools: Pool[] = [];
let replaced: Replaced[] = [];

/** Begins to remember pools of random bytes. For a parent that will fork, before it loads the app. */
export function watchRandomPools(): void {
  replace(crypto, 'randomBytes', SMALLEST_OF_RANDOM_BYTES);
  replace(crypto, 'randomFillSync', SMALLEST);
  // What `crypto.getRandomValues` leads to as well.
  replace(Object.getPrototypeOf(crypto.webcrypto) as object, 'getRandomValues', SMALLEST);
  syncBuiltinESMExports();
}

/** Fills in a forked child what the parent remembered, unless it has changed since; nothing is watched any more. */
export function refillRandomPools(): void {
  for (const { memory, offset, content } of pools) {
    const buffer = memory.deref();
    // Shorter if it was resized or given to another thread.
    if (buffer === undefined || buffer.byteLength < offset + content.length) continue;
    const bytes = new Uint8Array(buffer, offset, content.length);
    if (content.equals(bytes)) crypto.randomFillSync(bytes);
  }
  pools = [];
  for (const { owner, name, original, replacement } of replaced) {
    if (Reflect.get(owner, name) === replacement) Object.defineProperty(owner, name, original);
  }
  replaced = [];
  syncBuiltinESMExports();
}

function replace(owner: object, name: string, smallest: number): void {
  const original = Object.getOwnPropertyDescriptor(owner, name);
  if (original === undefined || !original.configurable || typeof original.value !== 'function') return;
  const fill = original.value as Filling;
  const replacement = function (this: unknown, ...parameters: unknown[]): unknown {
    const result = Reflect.apply(fill, this, parameters);
    // Of randomFillSync() with an offset only a part is random, of randomBytes() with a callback nothing yet.
    if (parameters.length === 1 && ArrayBuffer.isView(result) && result.byteLength >= smallest)
      remember(result);
    return result;
  };
  for (const property of ['name', 'length']) {
    Object.defineProperty(replacement, property, Object.getOwnPropertyDescriptor(fill, property) ?? {});
  }
  Object.defineProperty(owner, name, { ...original, value: replacement });
  replaced.push({ owner, name, original, replacement });
}

function remember({ buffer, byteOffset, byteLength }: ArrayBufferView): void {
  if (replaced.length === 0 || byteLength > LARGEST) return;
  pools = pools.filter(({ memory, offset }) => memory.deref() !== buffer || offset !== byteOffset);
  if (pools.length === MOST) pools.shift();
  const content = Buffer.from(new Uint8Array(buffer, byteOffset, byteLength));
  pools.push({ memory: new WeakRef(buffer), offset: byteOffset, content });
}
