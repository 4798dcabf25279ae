// A reporter of node:test: one line of JSON a test; --test-reporter-destination says where.
import { relative } from 'node:path';

export default async function* (events) {
  const names = [];
  for await (const { type, data } of events) {
    if (type === 'test:start') names[data.nesting] = data.name;
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    if (data.details?.type === 'suite') continue;
    const file = data.file === undefined ? '' : `${relative(process.cwd(), data.file)}: `;
    // A file's own entry: only worth a line where it failed, and its tests may not have run.
    if (data.name === data.file && type === 'test:pass') continue;
    const title = file + [...names.slice(0, data.nesting), data.name].join(' ');
    const skipped = data.skip !== undefined || data.todo !== undefined;
    const outcome = skipped ? 'skipped' : type === 'test:pass' ? 'passed' : 'failed';
    const message = data.details?.error?.cause?.message ?? data.details?.error?.message;
    yield `${JSON.stringify({ title, outcome, message })}\n`;
  }
}
