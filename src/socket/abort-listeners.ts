/**
 * Calls that end when a signal aborts. One signal often ends many calls, a whole server's: it gets one listener for all
 * of them, since Node warns of a leak at the eleventh.
 */

const calls = new WeakMap<AbortSignal, Set<() => void>>();

/** Call `run` when the signal aborts, which has not happened yet; `run` must not throw. */
export function onAbort(signal: AbortSignal, run: () => void): void {
  let waiting = calls.get(signal);
  if (waiting === undefined) {
    waiting = new Set();
    calls.set(signal, waiting);
    signal.addEventListener('abort', tell);
  }
  waiting.add(run);
}

/** `run` need not be called any more. The last one takes the listener away: a signal with one is kept alive. */
export function offAbort(signal: AbortSignal, run: () => void): void {
  const waiting = calls.get(signal);
  if (waiting?.delete(run) !== true || waiting.size > 0) return;
  calls.delete(signal);
  signal.removeEventListener('abort', tell);
}

function tell(this: AbortSignal): void {
  // A call that another one ends on the way is deleted from the set, and so not told.
  for (const run of calls.get(this) ?? []) run();
}
