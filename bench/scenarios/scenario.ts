import type { App, Peer } from '../peers/peer.js';
import type { Places } from '../peers/places.js';
import type { Load, Sample } from '../support/measure.js';
import type { Machine } from '../support/machine.js';

/** One kind of load in a scenario. */
export interface Point extends Load {
  readonly label: string;
  /** Over TCP instead of a Unix socket. */
  readonly tcp?: boolean;
  /** Processes of a group. */
  readonly children?: number;
}

/** Loads that peers are measured under, side by side. */
export interface LoadScenario {
  readonly kind: 'load';
  readonly name: string;
  readonly title: string;
  readonly app: App;
  /** Names of the peers. */
  readonly peers: readonly string[];
  readonly points: readonly Point[];
  /** Bytes that each request moves, where that is what matters. */
  readonly bytes?: number;
  /** Peers that `--peer` adds take part. */
  readonly takesCustomPeers?: boolean;
  /** Further variables of the servers' environment. */
  readonly env?: () => Record<string, string>;
}

/** A scenario with a course of its own. */
export interface OwnScenario {
  readonly kind: 'own';
  readonly name: string;
  readonly title: string;
  /**
   * @param available those of the given peers that can be had here
   * @param skip tells what could not be measured, and why
   */
  run(
    context: Context,
    available: (peers: readonly Peer[]) => Peer[],
    skip: (name: string, why: string) => void,
  ): Promise<readonly OwnResult[]>;
}

export type Scenario = LoadScenario | OwnScenario;

export interface Context {
  readonly places: Places;
  readonly directory: string;
  readonly peers: readonly Peer[];
  readonly machine: Machine;
  readonly seconds: number;
  readonly rounds: number;
  /** Of the scenario with many sites. */
  readonly sites: number;
}

/** What an own scenario found: numbers with their names, in the order in which they are shown. */
export interface OwnResult {
  readonly label: string;
  readonly values: Readonly<Record<string, number | string>>;
}

/** What a peer did at one point of a scenario. */
export interface Measured {
  readonly scenario: string;
  readonly point: string;
  readonly peer: string;
  readonly samples: readonly Sample[];
}
