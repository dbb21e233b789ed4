/** What tshark says of a capture, for tests that compare. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A frame as it was captured: raw IP. */
export interface Frame {
  readonly t: bigint;
  readonly bytes: Uint8Array;
}

export const hasTshark: boolean = spawnSync('tshark', ['-v']).status === 0;

/** @returns standard output of `tshark -n -r` on that file, with these arguments too */
export function tshark(file: Uint8Array, args: readonly string[]): string {
  const scratch = mkdtempSync(join(tmpdir(), 'barewire-flow-'));
  try {
    const path = join(scratch, 'flow.pcap');
    writeFileSync(path, file);
    const { status, stdout, stderr } = spawnSync('tshark', ['-n', '-r', path, ...args], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    if (status !== 0) throw new Error(`tshark ended with ${status}: ${stderr}`);
    return stdout;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** One record a frame, with the first value of each field; an empty text where a frame has none. */
export function tsharkFields<F extends string>(
  file: Uint8Array,
  fields: readonly F[],
  options: readonly string[] = [],
): Record<F, string>[] {
  const args = [...options.flatMap((one) => ['-o', one]), '-T', 'fields', '-E', 'separator=|', '-E', 'occurrence=f'];
  const out = tshark(file, [...args, ...fields.flatMap((field) => ['-e', field])]);
  return out
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const values = line.split('|');
      return Object.fromEntries(fields.map((field, i) => [field, values[i] ?? ''])) as Record<F, string>;
    });
}
