// `npm test [-- MOCHA ARGUMENTS]`
import { ensureBuilt, runBin } from './setup.mjs';

ensureBuilt();
runBin('mocha/bin/mocha.js', process.argv.slice(2));
