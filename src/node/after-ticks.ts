/**
 * "When everything that this event set going has run": after all ticks and microtasks, before the event loop goes on.
 * Node leaves its callbacks so; where one wake-up brings several events, they are parted with this, or a program that
 * awaits one (`await once(socket, 'data')`) would not listen again in time for the next.
 */
const waiting: (() => void)[] = [];

/** @param run must not throw */
export function afterTicks(run: () => void): void {
  // A tick that a microtask asks for comes when all other microtasks are through.
  if (waiting.push(run) === 1) queueMicrotask(askTick);
}

function askTick(): void {
  process.nextTick(runWaiting);
}

function runWaiting(): void {
  for (const run of waiting.splice(0)) run();
}
