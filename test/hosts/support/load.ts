// Clients that ask one request after the other, and what became of each.
import type { Front } from './front.js';

/** One request and its answer. Times are those of `performance.now()`. */
export interface Ask {
  readonly id: string;
  readonly began: number;
  readonly ended: number;
  /** 0: the connection was cut. */
  readonly status: number;
  readonly body: string;
}

export class Load {
  readonly asks: Ask[] = [];
  readonly #front: Front;
  readonly #clients: Promise<void>[];
  #stopping = false;
  #count = 0;

  /** @param milliseconds That the app takes for each request. */
  constructor(front: Front, clients: number, milliseconds: number) {
    this.#front = front;
    this.#clients = Array.from({ length: clients }, () => this.#ask(milliseconds));
  }

  /** Lets every client have its last answer. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#clients);
  }

  async #ask(milliseconds: number): Promise<void> {
    while (!this.#stopping) {
      const id = `load${++this.#count}`;
      const began = performance.now();
      const { status, body } = await this.#front
        .get(`/?id=${id}&ms=${milliseconds}`)
        .catch(() => ({ status: 0, body: '' }));
      this.asks.push({ id, began, ended: performance.now(), status, body });
    }
  }
}
