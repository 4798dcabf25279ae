import { spawnSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem } from 'node:os';

/** Where something was measured, and with what. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  /** Before the run: it should be near 0. */
  readonly loadAverage: readonly number[];
  readonly date: string;
  readonly versions: Readonly<Record<string, string>>;
}

export function describeMachine(): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    loadAverage: loadavg().map((value) => Number(value.toFixed(2))),
    date: new Date().toISOString(),
    versions: {
      node: process.versions.node,
      v8: process.versions.v8,
      gcc: firstLine('gcc', '-dumpfullversion'),
    },
  };
}

export function machineLine(machine: Machine): string {
  const { cpu, cores, memoryGiB, kernel, loadAverage, date, versions } = machine;
  return (
    `${cpu} × ${cores}, ${memoryGiB} GiB, Linux ${kernel}, Node ${versions.node}, gcc ${versions.gcc}, ` +
    `${date.slice(0, 16).replace('T', ' ')} UTC, load average before: ${loadAverage.join(' ')}`
  );
}

function firstLine(command: string, ...parameters: string[]): string {
  const result = spawnSync(command, parameters, { encoding: 'utf8' });
  return result.stdout?.split('\n')[0] || 'none';
}
