import { MIB } from '../config/value-kinds.js';
import type { TuneInput, TunePlan } from './plan.js';
import { sizeText } from './size-text.js';

/** Where the memory of processes is known from. */
export type MemorySource = 'measured' | 'given' | 'assumed';

/** What else the report tells. */
export interface Provenance {
  readonly memory: MemorySource;
  /** Requests that were answered before it was measured. */
  readonly requests: number | undefined;
  /** How many times the measured memory of a child is reckoned with. */
  readonly growth: number;
  /** Where the number of requests at the same time comes from. */
  readonly load: { readonly rate: number; readonly responseTime: number } | undefined;
}

/** The variables of a plan, in the order in which they are told. */
export function variablesOf(plan: TunePlan): Record<string, string> {
  return {
    LSAPI_CHILDREN: String(plan.connections),
    LSNODE_CONCURRENCY: String(plan.concurrency),
    LSAPI_EXTRA_CHILDREN: String(plan.extraProcesses),
    LSAPI_MAX_IDLE_CHILDREN: String(plan.idleProcesses),
    LSAPI_MAX_IDLE: String(plan.maxIdle),
    LSNODE_MAX_MEMORY: `${plan.maxMemory / MIB}M`,
    NODE_OPTIONS: `--max-old-space-size=${plan.heap}`,
  };
}

/** The arithmetic, step by step, and a block to be copied. */
export function reportText(input: TuneInput, plan: TunePlan, provenance: Provenance): string {
  return `${[
    ...['Memory', ...memoryLines(input, plan, provenance), ''],
    ...['Requests', ...requestLines(input, plan, provenance), ''],
    ...['Each child', ...shareLines(input, plan), ''],
    'For the block of the external app (extprocessor) in OpenLiteSpeed’s configuration:',
    '',
    ...pasteLines(plan),
  ].join('\n')}\n`;
}

function memoryLines(input: TuneInput, plan: TunePlan, provenance: Provenance): string[] {
  const { memory, reserve, sites, parentMemory } = input;
  const { childMemory } = plan;
  const how = {
    measured: `measured after ${provenance.requests ?? 0} requests; a child is reckoned with ${provenance.growth} times what it had, 16 MiB at least`,
    given: 'as given',
    assumed: 'assumed: name the app, and it is measured',
  }[provenance.memory];
  return [
    `  parent ${sizeText(parentMemory)}, each child ${sizeText(childMemory)} of its own (${how})`,
    `  ${sizeText(memory)} of the machine - ${sizeText(reserve)} for everything else = ${sizeText(memory - reserve)} for apps`,
    `  ${sizeText(memory - reserve)} / ${count(sites, 'site')} = ${sizeText(plan.siteMemory)} for each`,
    `  (${sizeText(plan.siteMemory)} - ${sizeText(parentMemory)}) / ${sizeText(childMemory)} = ${count(plan.mostProcesses, 'child', 'children')} at most`,
  ];
}

function requestLines(input: TuneInput, plan: TunePlan, { load }: Provenance): string[] {
  const { concurrent, blocking, cores, sites } = input;
  const lines = [
    load === undefined
      ? `  ${concurrent} at the same time`
      : `  ${load.rate} a second x ${load.responseTime} ms = ${concurrent} at the same time`,
    blocking
      ? `  each keeps a process busy: ${count(plan.wantedProcesses, 'child', 'children')}`
      : `  a process serves many, on one core: ${count(cores, 'core')} / ${count(sites, 'site')}, two at least, = ${count(plan.wantedProcesses, 'child', 'children')}`,
  ];
  if (plan.processes < plan.wantedProcesses) {
    lines.push(`  memory allows ${plan.processes} of them`);
  }
  lines.push(
    `  ${count(plan.processes, 'child', 'children')} x ${count(plan.concurrency, 'connection')} = ${count(plan.connections, 'connection')} (LSAPI_CHILDREN, maxConns)`,
    plan.extraProcesses === 0
      ? '  no memory for a further one while others hang (LSAPI_EXTRA_CHILDREN)'
      : `  and ${count(plan.extraProcesses, 'child', 'children')} more while others hang (LSAPI_EXTRA_CHILDREN)`,
  );
  if (plan.waiting > 0)
    lines.push(`  ${count(plan.waiting, 'request')} of ${concurrent} will wait for a place`);
  return lines;
}

function shareLines(input: TuneInput, plan: TunePlan): string[] {
  const { siteMemory, processes, extraProcesses, maxMemory, heap } = plan;
  const share = (siteMemory - input.parentMemory) / (processes + extraProcesses);
  const cap = maxMemory + MIB < share ? `, at most ${sizeText(maxMemory)}` : '';
  return [
    `  (${sizeText(siteMemory)} - ${sizeText(input.parentMemory)}) / ${processes + extraProcesses} = ${sizeText(share)}${cap}, above which it is replaced (LSNODE_MAX_MEMORY)`,
    `  three quarters of it, ${heap} MiB, for JavaScript's objects (--max-old-space-size; 64 at least, 4096 at most)`,
  ];
}

/** Names of keys as wide as the server's own configuration has them. */
function pasteLines(plan: TunePlan): string[] {
  const line = (key: string, value: string): string => `  ${key.padEnd(24)}${value}`;
  return [
    line('maxConns', String(plan.connections)),
    line('instances', '1'),
    ...Object.entries(variablesOf(plan)).map(([name, value]) => line('env', `${name}=${value}`)),
  ];
}

function count(number: number, one: string, several = `${one}s`): string {
  return `${number} ${number === 1 ? one : several}`;
}
