/** Writes one line to stderr, which the web server keeps as its log. */
export function writeLog(line: string): void {
  try {
    process.stderr.write(`lsapi[${process.pid}]: ${line}\n`);
  } catch {
    // A log that cannot be written must not end the process.
  }
}
