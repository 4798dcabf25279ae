import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { DURATION_BOUNDS } from '#lib/status/durations.js';
import * as layout from '#lib/status/layout.js';

describe('the layout of the scoreboard', () => {
  const source = ['scoreboard.h', 'request_totals.h']
    .map((file) => readFileSync(new URL(`../../../native/process/${file}`, import.meta.url), 'utf8'))
    .join('');
  const SIZES: Readonly<Record<string, number>> = {
    ...{ int32_t: 4, uint32_t: 4, uint64_t: 8, char: 1 },
    RequestTotals: layout.TOTALS_SIZE,
  };
  /** Where a structure is aligned to; that of everything else is its size. */
  const ALIGNMENT = 64;

  interface Field {
    name: string;
    offset: number;
    size: number;
  }

  /** The members of a structure, placed one behind the other; all of them are aligned by that. */
  function fieldsOf(structure: string): Field[] {
    const body = new RegExp(`struct alignas\\(64\\) ${structure} \\{(.*?)\\};`, 's').exec(source)?.[1] ?? '';
    const fields: Field[] = [];
    let offset = 0;
    for (const line of body.split('\n').filter((text) => /\S/.test(text) && !/^\s*\/\//.test(text))) {
      const match = /^ *(?:std::atomic<)?(\w+?)>? (\w+)(?:\[(\d+)\])?;/.exec(line);
      assert.ok(match, line);
      const [, type = '', name = '', length = '1'] = match;
      const unit = SIZES[type];
      assert.ok(unit !== undefined, line);
      assert.equal(offset % Math.min(unit, ALIGNMENT), 0, `${name} is aligned`);
      fields.push({ name: camelCase(name), offset, size: unit * Number(length) });
      offset += unit * Number(length);
    }
    return fields;
  }

  const camelCase = (name: string): string =>
    name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  const namesOf = (enumeration: string): string[] => {
    const body = new RegExp(`enum class ${enumeration} : uint32_t \\{(.*?)\\};`, 's').exec(source)?.[1] ?? '';
    return [...body.matchAll(/^ *k(\w+) = (\d+),/gm)].map(([, name = '', value], index) => {
      assert.equal(Number(value), index);
      return name.toLowerCase();
    });
  };

  for (const [structure, offsets, size] of [
    ['ScoreboardHeader', layout.HEADER, layout.HEADER_SIZE],
    ['ScoreboardSlot', layout.SLOT, layout.SLOT_SIZE],
    ['RequestTotals', layout.TOTALS, layout.TOTALS_SIZE],
  ] as const) {
    it(`${structure} is that of native/process`, () => {
      const fields = fieldsOf(structure);
      assert.deepEqual(
        offsets,
        Object.fromEntries(
          fields.filter(({ name }) => !name.startsWith('reserved')).map(({ name, offset }) => [name, offset]),
        ),
      );
      assert.equal(
        fields.reduce((sum, field) => sum + field.size, 0),
        size,
      );
      for (const [name, bytes] of Object.entries(layout.TEXT_SIZE)) {
        const field = fields.find((one) => one.name === name);
        if (field !== undefined) assert.equal(field.size, bytes, name);
      }
    });
  }

  it('states and modes are those of native/process/scoreboard.h', () => {
    assert.deepEqual(namesOf('GroupPhase'), [...layout.GROUP_STATES]);
    assert.deepEqual(namesOf('GroupMode'), [...layout.GROUP_MODES]);
    assert.deepEqual(namesOf('SlotState'), [...layout.SLOT_STATES]);
  });

  it('the bounds of durations are those of native/process/request_totals.h', () => {
    const [, list = ''] = /kDurationBounds = \{(.*?)\};/s.exec(source) ?? [];
    const bounds = [...list.matchAll(/[\d']+/g)].map(([number]) => Number(number.replaceAll("'", '')));
    assert.deepEqual(bounds, DURATION_BOUNDS);
  });

  it('magic, version and name are those of native/process/scoreboard.h', () => {
    const constant = (name: string): string | undefined =>
      new RegExp(`constexpr .*\\b${name} = "?([\\w-]+)"?;`).exec(source)?.[1];
    assert.equal(Number(constant('kScoreboardMagic')), layout.SCOREBOARD_MAGIC);
    assert.equal(Number(constant('kScoreboardVersion')), layout.SCOREBOARD_VERSION);
    assert.equal(constant('kScoreboardName'), layout.SCOREBOARD_NAME);
  });
});
