import { TARGETS } from './targets.mjs';

/** The targets of `--target`: names with commas between them, or `all`. */
export function chosenTargets(text) {
  if (text === 'all') return TARGETS;
  return text.split(',').map((name) => {
    const target = TARGETS.find((one) => one.name === name);
    if (target === undefined)
      throw new Error(`--target ${name}: there are ${TARGETS.map((one) => one.name).join(', ')}, all`);
    return target;
  });
}

/** A number of an option that must be 1 at least. */
export function wholeNumber(option, text) {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1)
    throw new Error(`--${option} ${text} is no whole number above 0`);
  return number;
}
