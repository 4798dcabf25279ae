import { cLibraryPeer, cPythonPeer } from './c-library.js';
import { lsnodePeer } from './lsnode.js';
import { customPeer, nullPeer } from './native-peers.js';
import { nodeHttpPeer } from './node-http.js';
import { bunPeer, honoPeer } from './npm-peers.js';
import type { Peer } from './peer.js';
import type { Places } from './places.js';

/** All peers, in the order in which tables show them. `custom`: the values of `--peer`. */
export function allPeers(places: Places, custom: readonly string[]): Peer[] {
  return [
    nullPeer(places),
    lsnodePeer(places, 'raw'),
    cLibraryPeer(places),
    lsnodePeer(places, 'node'),
    nodeHttpPeer(places, 'node'),
    lsnodePeer(places, 'fetch'),
    honoPeer(places),
    bunPeer(places),
    lsnodePeer(places, 'wsgi'),
    cPythonPeer(places),
    lsnodePeer(places, 'express'),
    nodeHttpPeer(places, 'express'),
    ...custom.map(customPeer),
  ];
}
