// A vitest reporter: one line of JSON a test, in the file that LSAPI_COMPAT_RESULTS names.
import { appendFileSync } from 'node:fs';

export default class {
  onTestCaseResult(test) {
    const { state, errors } = test.result();
    const title = `${test.module.relativeModuleId ?? ''}: ${test.fullName}`;
    const line = { title, outcome: state, message: errors?.[0]?.message };
    appendFileSync(process.env.LSAPI_COMPAT_RESULTS, `${JSON.stringify(line)}\n`);
  }
}
