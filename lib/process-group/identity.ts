// What makes a forked child a process of its own, as far as Node knows it.
//
// Right without help: process.ppid, process.hrtime(), performance.now(), randomBytes(), randomFill(),
// getRandomValues(), key generation and TLS (OpenSSL notices a fork), names of temporary files, diagnostic reports
// (they ask the system for the pid), worker threads' Math.random().
// The parent's, and harmless: performance.timeOrigin and with it process.uptime() count from the parent's start; the
// pid that util.debuglog() prints; keys of TLS session tickets (a session resumes at any child, which is welcome).
// Not repaired: what the app or its packages keep, but for pools of random bytes (random-pools.ts): onAfterFork() is for that.
// Open sockets, kept connections of http.Agent included: see fork-safety.ts.
import crypto from 'node:crypto';
import { refillRandomPools, watchRandomPools } from './random-pools.js';
import { replaceMathRandom, seedMathRandom } from './random.js';

/** randomInt() keeps 1,024 numbers of random bytes, randomUUID() 128 identifiers (Node 20 to 26). */
const INTEGERS = 1024;
const IDENTIFIERS = 128;
/** After as many rounds both functions are compiled: in a child 0.1 ms instead of up to 5 ms for the integers. */
const WARM_ROUNDS = 20;

/** Makes Math.random() and pools of random bytes repairable. For a parent that will fork, before it loads the app; not for Worker mode. */
export function prepareRandom(): void {
  replaceMathRandom();
  watchRandomPools();
}

/**
 * Makes repairIdentity() fast in the children: for the parent, before it forks. Takes about 30 ms, once; a child then
 * needs about 1 ms.
 */
export function warmIdentity(): void {
  for (let round = 0; round < WARM_ROUNDS; round++) burnEntropyCaches();
}

export interface Identity {
  /** As the system tells it, not process.pid. */
  readonly pid: number;
  readonly title: string;
}

/** Repairs a forked child's identity; to be called before anything of the app runs in it. */
export function repairIdentity({ pid, title }: Identity): void {
  // As Node defines it.
  Object.defineProperty(process, 'pid', {
    value: pid,
    writable: false,
    enumerable: true,
    configurable: true,
  });
  process.title = title;
  seedMathRandom();
  refillRandomPools();
  burnEntropyCaches();
}

/**
 * Uses up the random bytes that Node keeps on the JavaScript side, which siblings have in common. How much is left
 * cannot be seen, but a full cache's number of values always passes its end; from there on they are this process's
 * own.
 */
function burnEntropyCaches(): void {
  for (let index = 0; index < IDENTIFIERS; index++) crypto.randomUUID();
  for (let index = 0; index < INTEGERS; index++) crypto.randomInt(2);
}
