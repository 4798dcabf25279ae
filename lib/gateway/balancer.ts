import type { ResolvedOptions } from './options.js';
import {
  ConnectionPool,
  type ConnectionRequest,
  type ConnectionSource,
  type ConnectionWaiter,
} from './pool.js';

/** Where an application listens, and what is known of it. */
interface Backend {
  readonly pool: ConnectionPool;
  /** After a failure: when it is tried again, in milliseconds of `performance.now()`; 0: it is good. */
  badUntil: number;
}

/**
 * Spreads requests over several applications, as the external app of the type "Load Balancer" does (OpenLiteSpeed
 * 1.9.1, `loadbalancer.cpp` and `extworker.cpp`): each goes to the one with the fewest requests that wait, then with the
 * fewest connections in use, then to the first. One that takes no connection, or does not acknowledge a request, gets
 * nothing for `retryTimeout`.
 *
 * In three respects it is better than its model. A request that failed goes to another one at once, not after three
 * attempts. One that may be tried again gets a single request until it has answered. And OpenLiteSpeed never gives up a
 * request that a self-managed application does not acknowledge on a connection that was used before.
 */
export class Balancer implements ConnectionSource {
  readonly #retryTimeout: number;
  readonly #backends: Backend[];
  /** Who had each request last. */
  readonly #last = new WeakMap<ConnectionWaiter, Backend>();

  constructor(options: ResolvedOptions) {
    this.#retryTimeout = options.retryTimeout;
    this.#backends = options.targets.map((target) => {
      const backend: Backend = {
        badUntil: 0,
        pool: new ConnectionPool(options, target, {
          onReachable: () => (backend.badUntil = 0),
          onUnreachable: () => this.#giveUp(backend),
        }),
      };
      return backend;
    });
  }

  acquire(waiter: ConnectionWaiter, fresh: boolean): () => void {
    const request: ConnectionRequest = { waiter, fresh, cancelled: false };
    this.#assign(request);
    return () => {
      request.cancelled = true;
      this.#last.get(waiter)?.pool.withdraw(request);
    };
  }

  close(): void {
    for (const { pool } of this.#backends) pool.close();
  }

  #assign(request: ConnectionRequest): void {
    const failed = this.#last.get(request.waiter);
    const backend = this.#select(failed);
    this.#last.set(request.waiter, backend);
    // The connections to another one are as good as ever.
    if (backend !== failed) request.fresh = false;
    backend.pool.enqueue(request);
  }

  /** @param failed The one that the request failed at: taken again only where there is no other. */
  #select(failed: Backend | undefined): Backend {
    const now = performance.now();
    let selected: Backend | undefined;
    for (const backend of this.#backends) {
      if (backend === failed || !mayServe(backend, now)) continue;
      if (selected === undefined || compareLoad(backend, selected) < 0) selected = backend;
    }
    if (selected !== undefined) return selected;
    if (failed !== undefined && mayServe(failed, now)) return failed;
    // All are bad: the one whose failure is longest ago is the likeliest to be there again.
    return this.#backends.reduce((best, backend) => (backend.badUntil < best.badUntil ? backend : best));
  }

  #giveUp(backend: Backend): void {
    if (this.#retryTimeout === 0) return;
    backend.badUntil = performance.now() + this.#retryTimeout;
    for (const request of backend.pool.evacuate()) this.#assign(request);
  }
}

function mayServe({ badUntil, pool }: Backend, now: number): boolean {
  return badUntil === 0 || (badUntil <= now && pool.attempts === 0);
}

function compareLoad(a: Backend, b: Backend): number {
  return a.pool.waiting - b.pool.waiting || a.pool.busy - b.pool.busy;
}
