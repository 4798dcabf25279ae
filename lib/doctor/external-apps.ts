import { parseCommand, type ServerCommand } from './command-line.js';
import { entriesOf, numberOf, valueOf, type ConfigEntry } from '../install/plain-config.js';
import {
  expandVariables,
  fromLatin1,
  type ConfigVariables,
  type PlacedEntry,
  type ServerTree,
  type VirtualHost,
} from '../install/server-tree.js';

/** An external app of the server's configuration, whatever it runs. */
export interface ExternalApp {
  readonly name: string;
  readonly entry: ConfigEntry;
  /** `FILE:LINE`. */
  readonly place: string;
  readonly host: VirtualHost | undefined;
  /** In lower case. */
  readonly type: string;
  /** As written, variables replaced. */
  readonly address: string | undefined;
  readonly command: ServerCommand | undefined;
  /** Whether the server starts it. */
  readonly autoStart: boolean;
  readonly maxConns: number;
  readonly instances: number;
  /** Whether one process, or group, belongs to all processes of the server, and outlives them. */
  readonly isDetached: boolean;
  readonly environment: Readonly<Record<string, string>>;
}

/** All external apps, those of the server first. */
export function externalApps(tree: ServerTree): ExternalApp[] {
  return [
    ...appsAmong(tree.entries, tree, undefined),
    ...tree.virtualHosts.flatMap((host) => appsAmong(host.entries, tree, host)),
  ];
}

/** `FILE:LINE` of an entry. */
export function placeOf({ entry, file }: PlacedEntry): string {
  return `${file.path}:${entry.line}`;
}

function appsAmong(
  entries: readonly PlacedEntry[],
  tree: ServerTree,
  host: VirtualHost | undefined,
): ExternalApp[] {
  const variables: ConfigVariables = { serverRoot: tree.root, host };
  const text = (value: string | undefined): string | undefined =>
    value === undefined ? undefined : expandVariables(fromLatin1(value), variables);
  return entries
    .filter(({ entry }) => entry.keyword === 'extprocessor')
    .map((placed) => {
      const { entry } = placed;
      const environment = environmentOf(entry, (value) => text(value) ?? '');
      const command = text(valueOf(entry, 'path'));
      return {
        name: text(entry.value) ?? '',
        entry,
        place: placeOf(placed),
        host,
        type: (valueOf(entry, 'type') ?? '').toLowerCase(),
        address: text(valueOf(entry, 'address')),
        command: command === undefined ? undefined : parseCommand(command, tree.root, environment.PATH),
        autoStart: (numberOf(entry, 'autostart') ?? 1) !== 0,
        maxConns: numberOf(entry, 'maxconns') ?? 5,
        instances: numberOf(entry, 'instances') ?? 1,
        isDetached: (numberOf(entry, 'runonstartup') ?? 3) === 3,
        environment,
      };
    });
}

function environmentOf(entry: ConfigEntry, expand: (value: string) => string): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const { value } of entriesOf(entry.children, 'env')) {
    const [, name, content] = /^([^=]+)=([^]*)$/.exec(expand(value)) ?? [];
    // The first one counts for whoever looks a variable up.
    if (name !== undefined && content !== undefined) environment[name] ??= content;
  }
  return environment;
}
