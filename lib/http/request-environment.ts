/** Splits `name NUL value NUL …`. The empty string behind the last NUL is cut off. */
export function splitPairs(text: string): string[] {
  const parts = text.split('\0');
  parts.pop();
  return parts;
}

/** The LSAPI environment as an object without prototype; of a name given twice the last value counts. */
export function parseEnvironment(text: string): Record<string, string> {
  const env = Object.create(null) as Record<string, string>;
  const parts = splitPairs(text);
  for (let index = 0; index < parts.length; index += 2) env[parts[index]!] = parts[index + 1]!;
  return env;
}

/**
 * What a request carries besides HTTP: `req.lsapi`. An own property of the request, because Express exchanges
 * prototypes.
 */
export class RequestEnvironment {
  #text: string;
  #env: Readonly<Record<string, string>> | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  /** CGI-like variables as the server sent them (REMOTE_ADDR, SERVER_NAME, HTTPS, …), values in latin1. */
  get env(): Readonly<Record<string, string>> {
    if (this.#env === undefined) {
      this.#env = parseEnvironment(this.#text);
      this.#text = '';
    }
    return this.#env;
  }
}
