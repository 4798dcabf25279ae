/** Lines of context around a change, as diff -u has them. */
const CONTEXT = 3;
/** Pairs of lines that are compared one by one; what is larger is shown as replaced altogether. */
const LARGEST_TABLE = 10_000_000;

interface Step {
  readonly sign: ' ' | '-' | '+';
  readonly line: string;
}

/**
 * The differences of two texts in the unified format, which `patch` reads; '' where there are none.
 *
 * @param from name of the old text; `undefined`: it is a new file
 * @param to name of the new text; `undefined`: the file is removed
 */
export function unifiedDiff(
  before: string,
  after: string,
  from: string | undefined,
  to: string | undefined,
): string {
  if (before === after) return '';
  const steps = compare(linesOf(before), linesOf(after));
  const head = `--- ${from ?? '/dev/null'}\n+++ ${to ?? '/dev/null'}\n`;
  return head + hunks(steps).join('');
}

function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** Longest common subsequence, after equal beginnings and ends: what is compared here differs in few places. */
function compare(before: readonly string[], after: readonly string[]): Step[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head++;
  let tail = 0;
  while (
    tail < before.length - head &&
    tail < after.length - head &&
    before[before.length - 1 - tail] === after[after.length - 1 - tail]
  ) {
    tail++;
  }
  const same = (line: string): Step => ({ sign: ' ', line });
  return [
    ...before.slice(0, head).map(same),
    ...middle(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...before.slice(before.length - tail).map(same),
  ];
}

function middle(before: readonly string[], after: readonly string[]): Step[] {
  if (before.length * after.length > LARGEST_TABLE) {
    return [
      ...before.map((line): Step => ({ sign: '-', line })),
      ...after.map((line): Step => ({ sign: '+', line })),
    ];
  }
  const lengths = Array.from({ length: before.length + 1 }, () => new Uint32Array(after.length + 1));
  const length = (i: number, j: number): number => lengths[i]?.[j] ?? 0;
  for (let i = before.length - 1; i >= 0; i--) {
    const row = lengths[i] as Uint32Array;
    for (let j = after.length - 1; j >= 0; j--) {
      row[j] =
        before[i] === after[j] ? length(i + 1, j + 1) + 1 : Math.max(length(i + 1, j), length(i, j + 1));
    }
  }
  const steps: Step[] = [];
  for (let i = 0, j = 0; i < before.length || j < after.length;) {
    const [old, fresh] = [before[i], after[j]];
    if (old !== undefined && old === fresh) {
      steps.push({ sign: ' ', line: old });
      i++;
      j++;
    } else if (old !== undefined && (fresh === undefined || length(i + 1, j) >= length(i, j + 1))) {
      steps.push({ sign: '-', line: old });
      i++;
    } else {
      steps.push({ sign: '+', line: fresh ?? '' });
      j++;
    }
  }
  return steps;
}

function hunks(steps: readonly Step[]): string[] {
  const texts: string[] = [];
  let old = 1;
  let fresh = 1;
  for (let index = 0; index < steps.length;) {
    const next = steps.findIndex(({ sign }, at) => at >= index && sign !== ' ');
    if (next < 0) break;
    const start = Math.max(index, next - CONTEXT);
    let end = next;
    for (let at = next; at < steps.length && at <= end + 2 * CONTEXT; at++)
      if (steps[at]?.sign !== ' ') end = at;
    const stop = Math.min(steps.length, end + CONTEXT + 1);
    old += start - index;
    fresh += start - index;
    const hunk = steps.slice(start, stop);
    const [olds, freshes] = [
      hunk.filter(({ sign }) => sign !== '+'),
      hunk.filter(({ sign }) => sign !== '-'),
    ];
    texts.push(
      `@@ -${range(old, olds.length)} +${range(fresh, freshes.length)} @@\n`,
      ...hunk.map(({ sign, line }) =>
        line.endsWith('\n') ? `${sign}${line}` : `${sign}${line}\n\\ No newline at end of file\n`,
      ),
    );
    old += olds.length;
    fresh += freshes.length;
    index = stop;
  }
  return texts;
}

function range(start: number, count: number): string {
  return `${count === 0 ? start - 1 : start},${count}`;
}
