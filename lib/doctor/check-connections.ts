import { MOST_CHILDREN } from '../config/variable.js';
import { serverWorkers } from '../install/server-tree.js';
import type { Deployment } from './deployment.js';
import type { Examination } from './examination.js';
import { finding, type Finding } from './finding.js';

/** LSAPI_CHILDREN, instances and Max Connections, which the server wants to fit (`checkExtAppSelfManagedAndFixEnv`). */
export function checkConnections({ deployments, tree }: Examination): readonly Finding[] {
  const workers = serverWorkers(tree);
  return deployments.flatMap((deployment) => [
    ...withoutChildren(deployment),
    ...counts(deployment, workers),
    ...processes(deployment, workers),
  ]);
}

function withoutChildren({ external, environment, place }: Deployment): Finding[] {
  if (external === undefined || !external.autoStart) return [];
  if (['LSAPI_CHILDREN', 'PHP_LSAPI_CHILDREN', 'PHP_FCGI_CHILDREN'].some((name) => name in environment))
    return [];
  return [
    finding('LSAPI_DOCTOR_CHILDREN', 'warning', place, {
      what: `The external app "${external.name}" has no env LSAPI_CHILDREN.`,
      why: `The server starts a process of its own for each connection, up to ${external.maxConns}, and each loads the app.`,
      remedy: `Add: env LSAPI_CHILDREN=${external.maxConns}. With LSNODE_CONCURRENCY=${external.maxConns} beside it one process serves them all.`,
    }),
  ];
}

function counts({ external, reading, place }: Deployment, workers: number): Finding[] {
  const { children } = reading.settings;
  if (external === undefined || children < 1) return [];
  const { maxConns, instances, name } = external;
  if (instances > 1) {
    return [
      finding('LSAPI_DOCTOR_INSTANCES', 'error', place, {
        what: `The external app "${name}" has instances ${instances} besides LSAPI_CHILDREN=${children}.`,
        why: `The server starts ${instances} groups on one socket${maxConns > instances ? ` and lowers maxConns from ${maxConns} to ${instances}` : ''}; each group has children of its own.`,
        remedy: 'Set instances 1: a group makes its own processes.',
      }),
    ];
  }
  if (children < maxConns) {
    return [
      finding('LSAPI_DOCTOR_MAX_CONNECTIONS', 'warning', place, {
        what: `Max Connections (maxConns) of the external app "${name}" is ${maxConns}, LSAPI_CHILDREN ${children}.`,
        why: `The server lowers Max Connections to ${children}; further requests wait in the server.`,
        remedy: `Set LSAPI_CHILDREN and maxConns to the same number; to serve ${maxConns} connections from fewer processes, set LSNODE_CONCURRENCY.`,
      }),
    ];
  }
  // Each process of the server has as many connections; all of them may lead to one group.
  const connections = maxConns * (external.isDetached ? workers : 1);
  if (children > connections) {
    return [
      finding('LSAPI_DOCTOR_MAX_CONNECTIONS', 'warning', place, {
        what: `LSAPI_CHILDREN of the external app "${name}" is ${children}, Max Connections (maxConns) ${maxConns}.`,
        why: `The server never opens more than ${maxConns} connections, so the rest of the children is never used.`,
        remedy: `Set maxConns to ${children}, or LSAPI_CHILDREN to ${maxConns}.`,
      }),
    ];
  }
  return [];
}

/** One process for everything, which each process of the server starts for itself. */
function processes({ external, reading, isScripts, place }: Deployment, workers: number): Finding[] {
  const { children, concurrency } = reading.settings;
  if (external === undefined || !external.autoStart || external.isDetached || isScripts) return [];
  if (workers === 1 || children < 1 || children > concurrency) return [];
  const all = Math.min(external.maxConns * workers, MOST_CHILDREN);
  return [
    finding('LSAPI_DOCTOR_WORKERS', 'warning', place, {
      what: `The external app "${external.name}" is one process for all connections, and is started by each of the server's ${workers} worker processes (httpdWorkers).`,
      why: `There are ${workers} such processes then: what the app keeps in memory, such as sessions, differs between them.`,
      remedy: `Set runOnStartUp 3, so that the workers share one, and LSAPI_CHILDREN=${all} and LSNODE_CONCURRENCY=${all} for their ${workers} × ${external.maxConns} connections; lsnode install --mode worker writes this.`,
    }),
  ];
}
