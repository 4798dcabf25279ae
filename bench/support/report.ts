import { cpus, loadavg, release } from 'node:os';

export interface Summary {
  readonly count: number;
  readonly min: number;
  readonly median: number;
  readonly p90: number;
  readonly max: number;
}

export function summarize(values: readonly number[]): Summary {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (part: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
  return { count: sorted.length, min: at(0), median: at(0.5), p90: at(0.9), max: at(1) };
}

type Cell = string | number;

/** What a benchmark prints: the machine, tables, whether the targets are met; with `--json` the same as JSON. */
export class Report {
  readonly #data: Record<string, unknown>;
  readonly #json: boolean;
  #met = true;

  constructor(name: string, json: boolean) {
    const cpu = cpus();
    const load = loadavg().map((value) => Number(value.toFixed(1)));
    this.#json = json;
    this.#data = {
      benchmark: name,
      node: process.versions.node,
      cpu: cpu[0]?.model ?? 'unknown',
      cores: cpu.length,
      kernel: release(),
      date: new Date().toISOString(),
      load,
    };
    console.log(
      `bench:${name}, Node ${process.versions.node}, ${cpu[0]?.model} × ${cpu.length}, Linux ${release()}, ` +
        `${new Date().toISOString().slice(0, 10)}, load average before: ${load.join(' ')}\n`,
    );
  }

  /** Something for the JSON only. */
  set(name: string, value: unknown): void {
    this.#data[name] = value;
  }

  note(text: string): void {
    console.log(text);
  }

  /** Numbers are shown with two places. */
  table(head: readonly string[], rows: readonly (readonly Cell[])[]): void {
    const texts = [head, ...rows].map((row) =>
      row.map((cell) => (typeof cell === 'number' ? format(cell) : cell)),
    );
    const widths = head.map((_, column) => Math.max(...texts.map((row) => row[column]?.length ?? 0)));
    for (const row of texts) {
      console.log(
        row
          .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
          .join('   '),
      );
    }
    console.log('');
  }

  /** A target of the project, and whether this run meets it. */
  target(text: string, value: number | string, met: boolean): void {
    this.#met &&= met;
    console.log(
      `${met ? 'met   ' : 'MISSED'}  ${text}: ${typeof value === 'number' ? format(value) : value}`,
    );
    ((this.#data.targets ??= []) as unknown[]).push({ text, value, met });
  }

  /** The JSON; exit status 1 where a target is missed. */
  end(): void {
    if (this.#json) console.log(`\n${JSON.stringify(this.#data)}`);
    process.exitCode = this.#met ? 0 : 1;
  }
}

function format(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(2);
}
