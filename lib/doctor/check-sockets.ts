import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { formatAddress, type Address } from '../config/address.js';
import { isLsapiError } from '../errors.js';
import { obstacle, type Identity } from './access.js';
import { serverIdentity, type Deployment } from './deployment.js';
import type { Examination } from './examination.js';
import { finding, type Finding } from './finding.js';
import { listeningSockets } from '../status/listening-sockets.js';
import { holdsSocket, processIds } from '../status/proc-files.js';

/** The directory that the server makes for itself. */
const SERVER_DIRECTORY = '/tmp/lshttpd';
const CONNECT_MS = 3000;

/** The sockets that deployments are served on. */
export async function checkSockets({ deployments, tree, proc }: Examination): Promise<readonly Finding[]> {
  const server = tree === undefined ? undefined : serverIdentity(tree);
  const found = await Promise.all(deployments.map((deployment) => checkSocket(deployment, server, proc)));
  return found.flat();
}

async function checkSocket(
  deployment: Deployment,
  server: Identity | undefined,
  proc: string,
): Promise<Finding[]> {
  const { address, place, external } = deployment;
  if (address === undefined) return [];
  if (isLsapiError(address)) {
    return [
      finding('LSAPI_DOCTOR_ADDRESS', 'error', place, {
        what: address.message,
        why: 'Nothing can be served there.',
        remedy: external === undefined ? 'Correct --bind.' : 'Correct the address of the external app.',
      }),
    ];
  }
  if (external?.autoStart === true) return serverSocket(deployment, address, server);
  if (address.kind === 'unix') {
    const stats = statSync(address.path, { throwIfNoEntry: false });
    if (stats !== undefined && !stats.isSocket()) return [noSocket(place, address.path)];
    if (stats === undefined) return [nobody('LSAPI_DOCTOR_SOCKET_MISSING', deployment, address)];
  }
  if (!(await isListening(address))) return [nobody('LSAPI_DOCTOR_SOCKET_DEAD', deployment, address)];
  return [...reachable(place, address, server), ...ofRoot(deployment, address, proc)];
}

/** A socket that the server makes: its directory must be there. */
function serverSocket(
  { place, external }: Deployment,
  address: Address,
  server: Identity | undefined,
): Finding[] {
  if (address.kind !== 'unix') return [];
  const stats = statSync(address.path, { throwIfNoEntry: false });
  if (stats !== undefined && !stats.isSocket()) return [noSocket(place, address.path)];
  const directory = dirname(address.path);
  if (directory === SERVER_DIRECTORY) return [];
  const isThere = statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true;
  const barrier = !isThere || server === undefined ? undefined : obstacle(`${directory}/.`, server, 'write');
  if (isThere && barrier === undefined) return [];
  return [
    finding('LSAPI_DOCTOR_SOCKET_ACCESS', 'error', place, {
      what: isThere
        ? `The server's user ${server?.name} cannot make the socket of "${external?.name}": ${barrier} does not let it.`
        : `The directory of the socket of "${external?.name}", ${directory}, does not exist.`,
      why: 'The server cannot listen for the app, and answers 503.',
      remedy: `Set address to a path in ${SERVER_DIRECTORY}, which the server makes (uds://tmp/lshttpd/${external?.name}.sock), or make the directory and give it to the server's user.`,
    }),
  ];
}

function noSocket(place: string, path: string): Finding {
  return finding('LSAPI_DOCTOR_SOCKET_TYPE', 'error', place, {
    what: `${path} is there, but it is no socket.`,
    why: 'Nobody can listen under that name.',
    remedy: 'Remove it, or choose another address.',
  });
}

function nobody(
  code: 'LSAPI_DOCTOR_SOCKET_MISSING' | 'LSAPI_DOCTOR_SOCKET_DEAD',
  { place, external }: Deployment,
  address: Address,
): Finding {
  const name = formatAddress(address);
  return finding(code, 'error', place, {
    what:
      code === 'LSAPI_DOCTOR_SOCKET_MISSING' ? `There is no socket ${name}.` : `Nobody listens on ${name}.`,
    why:
      external === undefined
        ? 'A server that is told this address gets no connection.'
        : `autoStart of the external app "${external.name}" is 0, so the server starts nothing and answers 503.`,
    remedy:
      external === undefined
        ? `Start lsnode --bind ${name}, and compare the address with that of the external app.`
        : `Start lsnode --bind ${name} with the app, compare its address with that of the external app, or let the server start it: autoStart 1.`,
  });
}

function reachable(place: string, address: Address, server: Identity | undefined): Finding[] {
  if (address.kind !== 'unix' || server === undefined) return [];
  const barrier = obstacle(address.path, server, 'write');
  if (barrier === undefined) return [];
  return [
    finding('LSAPI_DOCTOR_SOCKET_ACCESS', 'error', place, {
      what: `The server's user ${server.name} cannot connect to ${address.path}: ${barrier} does not let it.`,
      why: 'The server gets "permission denied", and answers 503.',
      remedy:
        barrier === address.path
          ? `Give the server's group the socket: run lsnode --bind with that group and umask 007, as it needs write permission.`
          : `Let the server's user through the directory (chmod o+x ${barrier}), or put the socket elsewhere.`,
    }),
  ];
}

/** Whether who listens is root, and does not become somebody else for each request (suEXEC daemon). */
function ofRoot({ external, place }: Deployment, address: Address, proc: string): Finding[] {
  if (external === undefined) return [];
  const inodes = listeningSockets(address, proc);
  const pid = processIds(proc).find((id) => holdsSocket(id, inodes, proc) && isPlainRoot(`${proc}/${id}`));
  if (pid === undefined) return [];
  return [
    finding('LSAPI_DOCTOR_ROOT', 'error', place, {
      what: `Process ${pid}, which serves "${external.name}" on ${formatAddress(address)}, runs as root.`,
      why: 'The app runs as root, and so does whoever finds a hole in it.',
      remedy:
        'Start it as a user of its own (User= for systemd), let the server do so (autoStart 1 with extUser), or make it a suEXEC daemon (LSAPI_SECRET).',
    }),
  ];
}

function isPlainRoot(directory: string): boolean {
  try {
    if (statSync(directory).uid !== 0) return false;
    const environment = readFileSync(`${directory}/environ`, 'latin1');
    return environment !== '' && !/(?:^|\0)LSAPI_SECRET=/.test(environment);
  } catch {
    return false;
  }
}

async function isListening(address: Address): Promise<boolean> {
  const socket = address.kind === 'unix' ? connect(address.path) : connect(address.port, address.host);
  const late = setTimeout(() => socket.destroy(new Error('no answer')), CONNECT_MS);
  try {
    await once(socket, 'connect');
    return true;
  } catch (error) {
    // Somebody is there: this process may not talk to it.
    return (error as NodeJS.ErrnoException).code === 'EACCES';
  } finally {
    clearTimeout(late);
    socket.destroy();
  }
}
