/** Room of a length field of the wire format, the NUL included. */
const MOST_BYTES = 0xffff;

/**
 * An environment as it is on the wire (protocol §1.6), for what reads it there.
 *
 * @param env - names and values in latin1; entries that the wire has no room for are left out
 */
export function environmentText(env: Readonly<Record<string, string>>): string {
  let text = '';
  for (const name in env) {
    const value = env[name]!;
    if (name.length >= MOST_BYTES || value.length >= MOST_BYTES) continue;
    text += `${length(name)}${length(value)}${name}\0${value}\0`;
  }
  return `${text}\0\0\0\0`;
}

function length(text: string): string {
  const size = text.length + 1;
  return String.fromCharCode(size >> 8, size & 0xff);
}
