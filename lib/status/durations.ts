/**
 * Upper bounds of the duration counters in microseconds, each included; one more counter has what took longer.
 * `kDurationBounds` of native/process/request_totals.h; a test compares the two.
 */
export const DURATION_BOUNDS: readonly number[] = [
  ...[100, 150, 200, 300, 500, 700],
  ...[1_000, 1_500, 2_000, 3_000, 5_000, 7_000],
  ...[10_000, 15_000, 20_000, 30_000, 50_000, 70_000],
  ...[100_000, 150_000, 200_000, 300_000, 500_000, 700_000],
  ...[1_000_000, 1_500_000, 2_000_000, 3_000_000, 5_000_000, 7_000_000],
  ...[10_000_000, 15_000_000, 20_000_000, 30_000_000, 50_000_000, 70_000_000],
  100_000_000,
];

/**
 * The duration in microseconds that a share of all answers does not exceed: what lies between two bounds is taken to be
 * spread evenly. What is beyond the last bound counts as that bound.
 *
 * @param counts - by {@link DURATION_BOUNDS}, one more than these
 * @param share - from 0 to 1
 * @returns `undefined` where nothing was counted
 */
export function quantile(counts: readonly number[], share: number): number | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  const wanted = share * total;
  let below = 0;
  let lower = 0;
  for (const [index, upper] of DURATION_BOUNDS.entries()) {
    const count = counts[index] ?? 0;
    if (count > 0 && below + count >= wanted)
      return lower + (upper - lower) * Math.max(0, (wanted - below) / count);
    below += count;
    lower = upper;
  }
  return lower;
}
