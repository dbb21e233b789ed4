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
