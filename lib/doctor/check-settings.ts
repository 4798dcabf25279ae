import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatBytes } from '../config/value-kinds.js';
import type { Deployment } from './deployment.js';
import type { Examination } from './examination.js';
import { finding, type Finding } from './finding.js';

/** Values of variables that make no sense, alone or together. */
export function checkSettings({ deployments, proc }: Examination): readonly Finding[] {
  return deployments.flatMap((deployment) => [
    ...values(deployment),
    ...avoidFork(deployment, proc),
    ...idleTimes(deployment),
  ]);
}

function values({ place, reading }: Deployment): Finding[] {
  return reading.warnings.map((warning) =>
    finding('LSAPI_DOCTOR_SETTING', 'warning', place, {
      what: `${warning}.`,
      why: 'lsnode goes on with what it says there, which is not what was meant.',
      remedy: `Correct ${/^\w+/.exec(warning)?.[0] ?? 'the variable'}; lsnode --help lists all variables, lsnode --print-config what is in force.`,
    }),
  );
}

function avoidFork({ place, reading, isGroup }: Deployment, proc: string): Finding[] {
  const { enabled, minFreeMemory } = reading.settings.avoidFork;
  const total = totalMemory(proc);
  if (!isGroup || !enabled || total === undefined || minFreeMemory < total) return [];
  return [
    finding('LSAPI_DOCTOR_AVOID_FORK', 'warning', place, {
      what: `LSAPI_AVOID_FORK wants ${formatBytes(minFreeMemory)} of memory to stay available, and this machine has ${formatBytes(total)} altogether.`,
      why: 'That much is never available, so children end as soon as they are idle: the opposite of avoiding forks.',
      remedy: 'Set LSAPI_AVOID_FORK=1, or to a size that leaves room, such as 200M.',
    }),
  ];
}

function idleTimes({ place, reading, isGroup, external }: Deployment): Finding[] {
  const { maxIdle, groupMaxIdle, children, maxIdleChildren } = reading.settings;
  const found: Finding[] = [];
  if (isGroup && groupMaxIdle > 0 && maxIdle === 0 && reading.sources.maxIdle.kind === 'environment') {
    found.push(
      finding('LSAPI_DOCTOR_IDLE', 'warning', place, {
        what: `LSAPI_PGRP_MAX_IDLE=${groupMaxIdle} ends the group when it has no children, and LSAPI_MAX_IDLE=0 keeps children for ever.`,
        why: 'Children never end by themselves, so the group does not either.',
        remedy: 'Give LSAPI_MAX_IDLE a number of seconds, or leave LSAPI_PGRP_MAX_IDLE out.',
      }),
    );
  }
  if (isGroup && groupMaxIdle > 0 && external?.autoStart === false) {
    found.push(
      finding('LSAPI_DOCTOR_IDLE', 'error', place, {
        what: `LSAPI_PGRP_MAX_IDLE=${groupMaxIdle} ends the group when it has no children, and autoStart is 0.`,
        why: 'Once it has ended nobody starts it again, and the server answers 503.',
        remedy: 'Leave LSAPI_PGRP_MAX_IDLE out, or let the server start it: autoStart 1.',
      }),
    );
  }
  if (isGroup && maxIdleChildren > children) {
    found.push(
      finding('LSAPI_DOCTOR_IDLE', 'warning', place, {
        what: `LSAPI_MAX_IDLE_CHILDREN=${maxIdleChildren} is more than LSAPI_CHILDREN=${children}.`,
        why: 'There are never so many children, so none is ended for being one too many.',
        remedy: `Set LSAPI_MAX_IDLE_CHILDREN to ${children} at most, or leave it out.`,
      }),
    );
  }
  return found;
}

function totalMemory(proc: string): number | undefined {
  try {
    const kib = /^MemTotal:\s*(\d+)/m.exec(readFileSync(join(proc, 'meminfo'), 'utf8'))?.[1];
    return kib === undefined ? undefined : Number(kib) * 1024;
  } catch {
    return undefined;
  }
}
