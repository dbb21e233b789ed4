// docs/trace-format.md shows every kind, and what it shows is right.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeEvent } from './ndjson.ts';
import { isKnownKind, validateHeader } from './validate.ts';

const page = readFileSync(new URL('../../docs/trace-format.md', import.meta.url), 'utf8');
const examples = [...page.matchAll(/```json\n([^`]*)```/g)].flatMap((match) => match[1]!.trim().split('\n'));

describe('docs/trace-format.md', () => {
  it('begins with a header', () => {
    expect(validateHeader(JSON.parse(examples[0]!))).toEqual([]);
  });

  it('has a good example of every kind', () => {
    const kinds = new Set<string>();
    for (const [i, line] of examples.slice(1).entries()) {
      const { event, problems } = decodeEvent(line, i);
      expect(problems).toEqual([]);
      expect(isKnownKind(event!.k)).toBe(true);
      kinds.add(event!.k);
    }
    expect([...kinds].sort()).toEqual(
      [
        ...['call.enter', 'call.exit', 'pkt.tx', 'pkt.rx', 'pkt.drop', 'pkt.hold', 'pkt.edit', 'pkt.dup'],
        ...['tcp.state', 'tcp.vars', 'queue', 'timer', 'opt', 'counter', 'out', 'knob', 'note'],
      ].sort(),
    );
  });
});
