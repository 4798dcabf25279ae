/**
 * Writes characters that a terminal would obey, or that would reorder or end a line, as escapes: for text that others
 * chose and people read.
 */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
