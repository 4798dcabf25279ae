/** Names that people write and mistype are shorter; comparing longer ones takes its time, and may be done by the thousand. */
const LONGEST_WORD = 64;

/**
 * The candidate that `word` is most probably a slip of the hand for, `undefined` where none is near. Words of more than
 * 64 letters are near to none.
 *
 * @param limit how many letters may be inserted, deleted, replaced or swapped with their neighbour; by default
 *   a third of the word's, two at least
 */
export function closestMatch(
  word: string,
  candidates: readonly string[],
  limit = Math.max(2, Math.floor(word.length / 3)),
): string | undefined {
  if (word.length > LONGEST_WORD) return undefined;
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue;
    const distance = editDistance(word, candidate, bestDistance);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  // Nothing of the word left means that it is another word.
  return bestDistance < word.length ? best : undefined;
}

/** Rows of the table that {@link editDistance} fills: the one before the last, the last, and the one being made. */
const ROWS = [0, 1, 2].map(() => new Uint8Array(2 * LONGEST_WORD + 2));
const FAR = 255;

/**
 * Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`: the optimal string alignment
 * distance, of which only the part of the table is made that can lead to less than `enough`.
 *
 * @param a at most {@link LONGEST_WORD} letters
 * @param b fewer than `enough` letters longer or shorter
 * @param enough a distance from which on the exact one does not matter: any that is not below it may be returned then
 */
function editDistance(a: string, b: string, enough: number): number {
  let [beforeLast, last, row] = ROWS as [Uint8Array, Uint8Array, Uint8Array];
  for (let j = 0; j <= b.length; j++) last[j] = j;
  for (let i = 1; i <= a.length; i++) {
    const first = Math.max(1, i - enough);
    const end = Math.min(b.length, i + enough);
    row[first - 1] = first === 1 ? i : FAR;
    let least = FAR;
    for (let j = first; j <= end; j++) {
      const same = a.charCodeAt(i - 1) === b.charCodeAt(j - 1);
      let cost = Math.min(cell(last, j) + 1, cell(row, j - 1) + 1, cell(last, j - 1) + (same ? 0 : 1));
      if (
        i > 1 &&
        j > 1 &&
        a.charCodeAt(i - 1) === b.charCodeAt(j - 2) &&
        a.charCodeAt(i - 2) === b.charCodeAt(j - 1)
      )
        cost = Math.min(cost, cell(beforeLast, j - 2) + 1);
      row[j] = Math.min(cost, FAR);
      least = Math.min(least, cost);
    }
    if (end < b.length) row[end + 1] = FAR;
    // Nothing that follows costs less than this row does at its best.
    if (least >= enough) return enough;
    [beforeLast, last, row] = [last, row, beforeLast];
  }
  return cell(last, b.length);
}

function cell(row: Uint8Array, column: number): number {
  return row[column] ?? FAR;
}
