/** Output without its figures: `64 bytes from 10.91.6.2: icmp_seq=1 ttl=61 time=0.071 ms` keeps all but the time. */

/** Times, rates and dates are taken out, counts and addresses stay. */
export function shape(text: string): string {
  return text
    .replaceAll(/\d+(\.\d+)?(?=\s?(ms|us|µs|s|secs?|seconds?)\b)/g, 'N')
    .replaceAll(/(?<==\s?|\/)\d+\.\d+(?=\/|\s|$)/g, 'N')
    .replaceAll(/\b\d\d:\d\d:\d\d(\.\d+)?\b/g, 'HH:MM:SS')
    .replaceAll(/\b\d{4}-\d\d-\d\d\b/g, 'DATE')
    .trimEnd();
}

/** @returns what does not fit: none, or one line for each */
export function compareLines(
  what: string,
  text: string,
  expected: readonly (string | RegExp)[],
  rest: string,
): string[] {
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n');
  const isOpen = expected.at(-1) === rest;
  const wanted = isOpen ? expected.slice(0, -1) : expected;
  const faults = wanted.flatMap((want, index) => {
    const line = lines[index];
    if (line !== undefined && (typeof want === 'string' ? line === want : want.test(line))) return [];
    return [`${what} line ${index + 1}: expected ${String(want)}, got ${line === undefined ? 'nothing' : `'${line}'`}`];
  });
  if (!isOpen && lines.length > wanted.length) {
    faults.push(`${what}: expected ${wanted.length} lines, got ${lines.length}: '${lines[wanted.length]}' …`);
  }
  return faults;
}
