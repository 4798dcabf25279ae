import { describePages } from './support/run-pages.js';

describePages(/^docs\/.+\//);
