/**
 * A shorter input with the same outcome: pieces are left out, large ones first, as long as it stays.
 *
 * @param fails whether an input has the outcome
 * @param budgetMs when to be content with what there is
 */
export async function minimise(
  input: Buffer,
  fails: (input: Buffer) => boolean | Promise<boolean>,
  budgetMs: number,
): Promise<Buffer> {
  const end = performance.now() + budgetMs;
  let best = input;
  for (let size = Math.ceil(best.length / 2); size >= 1;) {
    let shortened = false;
    for (let at = 0; at < best.length;) {
      if (performance.now() > end) return best;
      const without = Buffer.concat([best.subarray(0, at), best.subarray(at + size)]);
      if (await fails(without)) {
        best = without;
        shortened = true;
      } else at += size;
    }
    if (size > 1) size = Math.ceil(size / 2);
    else if (!shortened) break;
  }
  return best;
}
