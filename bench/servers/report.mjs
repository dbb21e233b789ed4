/** What the JavaScript contenders share: the same rules as bench/peers/common.h. */

export function ready(port) {
  process.stdout.write(`ready ${port}\n`);
}

/** A line on standard input ends the program, which prints its counts first. */
export function untilTold(counts) {
  process.stdin.once('data', () => {
    const { count, bytes } = counts();
    process.stdout.write(`${count} ${bytes}\n`, () => process.exit(0));
  });
}

export const now = () => Number(process.hrtime.bigint());

/** Like `untilTold`, for servers that hold `held()` connections: their number, and the bytes of heap that each costs. */
export function heapEach(held) {
  const used = () => {
    for (let i = 0; i < 3; i++) globalThis.gc();
    return process.memoryUsage().heapUsed;
  };
  const before = used();
  untilTold(() => ({ count: held(), bytes: Math.round((used() - before) / Math.max(1, held())) }));
}
