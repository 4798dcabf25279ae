import { appendFileSync } from 'node:fs';

const { TEST_INHERITED_VARIABLES: inherited = '', TEST_LEFT_OUT: leftOut } = process.env;

/**
 * The environment of a program that a test starts: nothing but PATH, so that it is known what it has. Under
 * `npm run test:sanitized` also what makes it run with the sanitizers.
 */
export function programEnvironment(): Record<string, string | undefined> {
  const names = ['PATH', ...inherited.split(' ')].filter((name) => name !== '');
  return Object.fromEntries(names.map((name) => [name, process.env[name]]));
}

/** Names of variables that {@link programEnvironment} has because of the sanitizers. */
export const SANITIZER_VARIABLES: readonly string[] = inherited.split(' ').filter((name) => name !== '');

/** Whether sanitizers watch what is tested: then freed memory is kept for a while, and all memory has a shadow. */
export const IS_SANITIZED = leftOut !== undefined;

/** How long to wait for what is only a matter of time: `milliseconds`, and much longer under sanitizers. */
export function patience(milliseconds: number): number {
  return IS_SANITIZED ? 8 * milliseconds : milliseconds;
}

/** A test that cannot hold under sanitizers: they leave it out, and `npm run test:sanitized` lists it with the reason. */
export function itWithoutSanitizers(reason: string, title: string, test: Mocha.AsyncFunc): void {
  if (leftOut === undefined) it(title, test);
  else appendFileSync(leftOut, `${title}: ${reason}\n`);
}
