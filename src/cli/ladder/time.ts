/** Times and lengths of time in a ladder. */

const MS = 1_000_000;

/**
 * Decimals of a millisecond.
 * @param roomy otherwise the longest time of the trace is kept at about six characters
 */
export function timeDigits(lastNs: number, roomy: boolean): number {
  if (roomy) return lastNs < 10_000 * MS ? 3 : 1;
  if (lastNs < 1_000 * MS) return 2;
  return lastNs < 10_000 * MS ? 1 : 0;
}

/** Milliseconds. */
export function formatTime(ns: number, digits: number): string {
  return (ns / MS).toFixed(digits);
}

/** `19.8 ms`, `0.35 ms`, `1.02 s`. */
export function formatGap(ns: number): string {
  const ms = ns / MS;
  if (ms >= 999.95) return `${(ms / 1_000).toFixed(2)} s`;
  if (ms >= 10) return `${ms.toFixed(1)} ms`;
  return `${ms.toFixed(2)} ms`;
}
