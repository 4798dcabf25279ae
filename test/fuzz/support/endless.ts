import type { FuzzTarget } from '../engine/target.js';

/** Does not come back for one of its inputs. */
export const target: FuzzTarget = {
  maxLength: 16,
  seeds: () => [Buffer.from('a'), Buffer.from('endless')],
  run(input) {
    while (input.toString().startsWith('end'));
  },
};
