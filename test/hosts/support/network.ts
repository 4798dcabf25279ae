// Machines that can be cut off: network namespaces, each joined to the front's by a cable of its own.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A machine that apps run on. */
export interface Host {
  readonly address: string;
  /** Runs a command line on it. */
  readonly wrap: (command: readonly string[]) => readonly string[];
}

interface Cable {
  /** Interfaces at the front and at the host. */
  readonly front: string;
  readonly host: string;
  readonly frontMac: string;
  readonly hostMac: string;
  readonly frontAddress: string;
  readonly namespace: string;
}

/** Nobody's: what is sent there is seen by no one, and no one complains. */
const NOBODY = '02:00:00:00:ff:ff';

/** A machine in front, and hosts behind it. Needs root and `ip`. Its methods do not keep others from going on. */
export class Network {
  readonly #front = `lsapi-${process.pid}-front`;
  readonly #cables = new Map<Host, Cable>();

  async start(): Promise<void> {
    await ip('netns', 'add', this.#front);
    await ip('-n', this.#front, 'link', 'set', 'lo', 'up');
  }

  /** Runs a command line on the machine in front. */
  readonly wrap = (command: readonly string[]): readonly string[] => [
    'ip',
    'netns',
    'exec',
    this.#front,
    ...command,
  ];

  async addHost(): Promise<Host> {
    const number = this.#cables.size + 1;
    const namespace = `lsapi-${process.pid}-host${number}`;
    const cable: Cable = {
      ...{ namespace, front: `to-host${number}`, host: 'eth0' },
      ...{ frontMac: `02:00:00:00:${number}0:01`, hostMac: `02:00:00:00:${number}0:02` },
      frontAddress: `10.23.${number}.1`,
    };
    const host: Host = {
      address: `10.23.${number}.2`,
      wrap: (command) => ['ip', 'netns', 'exec', namespace, ...command],
    };
    await ip('netns', 'add', namespace);
    this.#cables.set(host, cable);
    await ip(
      ...['-n', this.#front, 'link', 'add', cable.front, 'address', cable.frontMac, 'type', 'veth'],
      ...['peer', 'name', cable.host, 'netns', namespace, 'address', cable.hostMac],
    );
    await ip('-n', this.#front, 'address', 'add', `${cable.frontAddress}/30`, 'dev', cable.front);
    await ip('-n', namespace, 'address', 'add', `${host.address}/30`, 'dev', cable.host);
    await ip('-n', this.#front, 'link', 'set', cable.front, 'up');
    await ip('-n', namespace, 'link', 'set', cable.host, 'up');
    await this.mend(host);
    return host;
  }

  /** From now on nothing gets through in either direction, and neither side is told: both see a cable that is fine. */
  cut(host: Host): Promise<void> {
    return this.#setNeighbors(host, NOBODY, NOBODY);
  }

  mend(host: Host): Promise<void> {
    const { frontMac, hostMac } = this.#cableTo(host);
    return this.#setNeighbors(host, hostMac, frontMac);
  }

  async remove(): Promise<void> {
    for (const { namespace } of this.#cables.values()) await ip('netns', 'delete', namespace);
    await ip('netns', 'delete', this.#front);
  }

  /** Permanent entries, so that no one asks the other for its address, and notices. */
  async #setNeighbors(host: Host, hostMac: string, frontMac: string): Promise<void> {
    const { namespace, front, host: device, frontAddress } = this.#cableTo(host);
    const permanent = ['nud', 'permanent', 'dev'];
    await Promise.all([
      ip('-n', this.#front, 'neigh', 'replace', host.address, 'lladdr', hostMac, ...permanent, front),
      ip('-n', namespace, 'neigh', 'replace', frontAddress, 'lladdr', frontMac, ...permanent, device),
    ]);
  }

  #cableTo(host: Host): Cable {
    const cable = this.#cables.get(host);
    if (cable === undefined) throw new Error('a host of another network');
    return cable;
  }
}

async function ip(...parameters: string[]): Promise<void> {
  try {
    await run('ip', parameters);
  } catch (cause) {
    const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    const remedy = missing ? 'there is no ip: install iproute2' : `ip ${parameters.join(' ')} failed`;
    throw new Error(`These tests make network namespaces, and ${remedy}.`, { cause });
  }
}
