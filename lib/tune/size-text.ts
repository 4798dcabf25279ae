import { GIB, MIB } from '../config/value-kinds.js';

/** An amount of memory for people: `45 MiB`, `3.2 GiB`. */
export function sizeText(bytes: number): string {
  return bytes >= GIB ? `${(bytes / GIB).toFixed(1)} GiB` : `${Math.round(bytes / MIB)} MiB`;
}
