/** Every header table draws a diagram whose rows are of the same width and name every field that has room. */
import { describe, expect, test } from 'vitest';
import * as wire from './index.ts';

const tables = (Object.values(wire) as unknown[]).filter(
  (one): one is wire.HeaderTable<unknown> => typeof one === 'object' && one !== null && 'fixedBytes' in one,
);

describe.each(tables.map((table) => [table.layer, table] as const))('%s', (_layer, table) => {
  const rows = wire.bitDiagram(table).split('\n');
  const fields = wire.fieldsOf(table);

  test('whole rows are 32 bits wide, and there is one for every four bytes', () => {
    const drawn = rows.slice(2);
    const whole = Math.floor(table.fixedBytes / 4);
    expect(drawn.filter((row) => row.startsWith('|'))).toHaveLength(Math.ceil(table.fixedBytes / 4));
    for (const row of drawn.slice(0, 2 * whole)) expect(row).toHaveLength(65);
  });

  test('every field has its name, as far as its bits have room', () => {
    for (const { name, bitOffset, width } of fields) {
      const room = Math.min(width, 32 - (bitOffset % 32)) * 2 - 1;
      expect(rows.join('\n')).toContain(name.slice(0, room));
    }
  });

  test('every name of a value and of a bit is a word', () => {
    for (const { nameOf, bits, width } of fields) {
      for (const value of [0, 1, 2 ** width - 1]) expect(nameOf?.(value) ?? 'none').toMatch(/\S/);
      for (const [mask, name] of bits ?? []) {
        expect(name).toMatch(/\S/);
        expect(mask).toBeLessThan(2 ** width);
      }
    }
  });
});
