import { readFileSync, truncateSync } from 'node:fs';
import type { LsapiClient, ReceivedResponse } from '../../support/lsapi-client.js';
import { check } from './failure.js';

/** A request that was sent, as a server knows it. */
export interface SentRequest {
  readonly id: number;
  readonly client: LsapiClient;
  readonly response: ReceivedResponse;
  /** The server has left before the end of the response, or the process was killed: there need not be one. */
  excused: boolean;
}

/**
 * Every request that was sent, beside the journal in which the app notes what its handlers get. A line of that:
 * what (`begin`, `read`: a part of its body, `gone`: the server has left), the request's number, the process.
 */
export class Ledger {
  readonly #journal: string;
  #sent: SentRequest[] = [];
  #next = 1;

  constructor(journal: string) {
    this.#journal = journal;
  }

  nextId(): number {
    return this.#next++;
  }

  add(id: number, client: LsapiClient): SentRequest {
    const request = { id, client, response: client.response, excused: false };
    this.#sent.push(request);
    return request;
  }

  /** Processes whose handlers have noted this of a request, once for each time. */
  noted(what: string, id: number): number[] {
    return this.#lines()
      .filter(([noted, number]) => noted === what && number === String(id))
      .map(([, , pid]) => Number(pid));
  }

  /** No handler got a request twice, and each request has its end, unless that is excused. */
  check(): void {
    const begun = new Map<number, number>();
    for (const [what, id] of this.#lines()) {
      if (what === 'begin') begun.set(Number(id), (begun.get(Number(id)) ?? 0) + 1);
    }
    const sent = new Map(this.#sent.map((request) => [request.id, request]));
    for (const [id, times] of begun) {
      const known = sent.has(id);
      check('lost', known, () => `request ${id} was handed to a handler once more, long after it was sent`);
      check('lost', times === 1, () => `request ${id} was handed to a handler ${times} times`);
    }
    for (const { id, response, excused } of this.#sent) {
      const where = begun.has(id) ? 'a handler had it' : 'no handler had it';
      check('lost', excused || response.complete, () => `request ${id} has no RESP_END (${where})`);
    }
    this.#sent = [];
    truncateSync(this.#journal); // it is appended to
  }

  #lines(): string[][] {
    return readFileSync(this.#journal, 'latin1')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split(' '));
  }
}
