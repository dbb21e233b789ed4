/** The words for ICMP errors cover every code that the packet codecs have a name for. */
import { expect, test } from 'vitest';
import { icmpv4Reason, icmpv6Reason } from '../../src/socket/icmp-reason.ts';
import { icmpv4UnreachableCodes, icmpv6UnreachableCodes } from '../../src/wire/iana/icmp.ts';

test('destination unreachable, each code its own words', () => {
  const v4 = icmpv4UnreachableCodes.map((_, code) => icmpv4Reason(3, code));
  const v6 = icmpv6UnreachableCodes.map((_, code) => icmpv6Reason(1, code));
  for (const words of [v4, v6]) {
    expect(new Set(words).size).toBe(words.length);
    expect(words.filter((text) => text.startsWith('code '))).toEqual([]);
  }
  expect(icmpv4Reason(3, 3)).toBe('port unreachable');
  expect(icmpv6Reason(1, 4)).toBe('port unreachable');
});

test('the other errors, and numbers without words', () => {
  expect([icmpv4Reason(11, 0), icmpv6Reason(3, 0)]).toEqual(['hop limit exceeded', 'hop limit exceeded']);
  expect([icmpv4Reason(4, 0), icmpv4Reason(12, 1)]).toEqual(['source quench', 'parameter problem']);
  expect([icmpv6Reason(2, 0), icmpv6Reason(4, 1)]).toEqual(['packet too big', 'parameter problem']);
  expect([icmpv4Reason(3, 77), icmpv6Reason(9, 7)]).toEqual(['code 77', 'type 9 code 7']);
});
