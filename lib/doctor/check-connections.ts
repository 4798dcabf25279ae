import type { Deployment } from './deployment.js';
import type { Examination } from './examination.js';
import { finding, type Finding } from './finding.js';

/** LSAPI_CHILDREN, instances and Max Connections, which the server wants to fit (`checkExtAppSelfManagedAndFixEnv`). */
export function checkConnections({ deployments }: Examination): readonly Finding[] {
  return deployments.flatMap((deployment) => [...withoutChildren(deployment), ...counts(deployment)]);
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

function counts({ external, reading, place }: Deployment): Finding[] {
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
  if (children > maxConns) {
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
