import type { LoadedApp } from '../app/load.js';
import type { ConnectionOptions, Connections } from '../connections/connections.js';
import { FetchConnections } from '../fetch/fetch-connections.js';
import { NodeConnections } from '../http/node-connections.js';
import { RawConnections } from '../raw/raw-connections.js';
import { WsgiConnections } from '../wsgi/wsgi-connections.js';

/** The connections that serve an app in its style. */
export function connectionsFor(app: LoadedApp, options: ConnectionOptions): Connections {
  const connections = connect(app, options);
  connections.set.style = app.style;
  return connections;
}

function connect(app: LoadedApp, options: ConnectionOptions): Connections {
  switch (app.style) {
    case 'node':
      return new NodeConnections(app.server, options);
    case 'raw':
      return new RawConnections(app.handler, options);
    case 'fetch':
      return new FetchConnections(app.handler, options);
    case 'wsgi':
      return new WsgiConnections(app.handler, options);
    case 'scripts':
      return app.connect(options);
  }
}
