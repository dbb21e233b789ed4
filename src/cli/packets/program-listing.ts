/** What a filter is compiled to, in tcpdump's three forms: -d a listing, -dd C, -ddd numbers. */
import { formatProgram, type Program } from '../../capture/index.ts';

/** @param level how many d: 1, 2, 3 */
export function programListing(program: Program, level: number): string {
  if (level === 1) return formatProgram(program);
  if (level === 2) {
    return program.map(({ code, jt, jf, k }) => `{ 0x${code.toString(16)}, ${jt}, ${jf}, 0x${padded(k)} },`).join('\n');
  }
  return [String(program.length), ...program.map(({ code, jt, jf, k }) => `${code} ${jt} ${jf} ${k}`)].join('\n');
}

const padded = (k: number): string => (k >>> 0).toString(16).padStart(8, '0');
