import assert from 'node:assert/strict';
import { FOREIGN_VARIABLES, SETTING_NAMES, VARIABLES } from '#lib/config/variable-table.js';

describe('the table of variables', () => {
  it('names each variable once', () => {
    const names = SETTING_NAMES.flatMap((name) => [VARIABLES[name].name, ...(VARIABLES[name].aliases ?? [])]);
    assert.equal(new Set(names).size, names.length);
    assert.deepEqual(
      names.filter((name) => FOREIGN_VARIABLES.includes(name)),
      [],
    );
  });

  it('tells of each its meaning, what it accepts and where the rule is written', () => {
    for (const setting of SETTING_NAMES) {
      const variable = VARIABLES[setting];
      assert.match(variable.name, /^(LSAPI|LSNODE)_[A-Z_]+$/);
      assert.match(variable.meaning, /\.$/, variable.name);
      assert.match(variable.source, /§|lsnode/, variable.name);
      assert.ok(variable.kind.accepts.length > 0 && variable.default.text.length > 0, variable.name);
      assert.ok(variable.brief.length <= 52, `${variable.name}: ${variable.brief}`);
    }
  });
});
