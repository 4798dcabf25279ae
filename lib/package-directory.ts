import { createRequire } from 'node:module';
import { dirname } from 'node:path';

/** This package's directory, wherever in it the module lies that this one was made part of (scripts/bundle.mjs). */
export const packageDirectory = dirname(createRequire(import.meta.url).resolve('lsapi/package.json'));
