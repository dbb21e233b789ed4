/**
 * The notes on TCP segments are those of tshark, frame for frame: on conversations that a seed makes, with all that TCP
 * can say, and on connections of this kernel over a wire that loses, repeats and reorders. What differs is named.
 */
import { describe, expect, test } from 'vitest';
import { compare } from './compare.ts';
import { randomSessions } from './sessions.ts';
import { hasTshark } from './tshark.ts';

describe('conversations that a seed makes', () => {
  test.for([0, 0.06])('of which the capture lacks %f', (captureLoss, context) => {
    if (!hasTshark) return context.skip('tshark is not installed');
    for (const seed of [1, 2, 3]) {
      const { frames, noted, explained, unexplained, unseen } = compare(randomSessions(seed, 150, captureLoss));
      const run = `seed ${seed}: ${frames} frames, ${noted} with notes, explained: ${JSON.stringify(explained)}`;
      expect(unexplained.slice(0, 10), run).toEqual([]);
      expect(unseen.ours).toEqual(unseen.counted);
      expect(noted).toBeGreaterThan(1000);
    }
    return undefined;
  });
});
