/**
 * Wireshark's decoder, asked twice: for the values of fields in every packet (`-T fields`), and for where they stand
 * (`-T jsonraw`: offset, length and mask), which is slow and meant for a sample.
 */
import { spawnSync } from 'node:child_process';
import { plain } from './ours.ts';

/** No state between packets, every checksum verified: what a decoder of single packets can be compared with. */
const PREFERENCES = [
  'ip.defragment:FALSE',
  'ipv6.defragment:FALSE',
  'tcp.desegment_tcp_streams:FALSE',
  'tcp.analyze_sequence_numbers:FALSE',
  'tcp.relative_sequence_numbers:FALSE',
  'ip.check_checksum:TRUE',
  'tcp.check_checksum:TRUE',
  'udp.check_checksum:TRUE',
  'udplite.check_checksum:TRUE',
  'ip.decode_tos_as_diffserv:TRUE',
  'sctp.checksum:CRC-32C',
] as const;

/** What Wireshark says of a packet besides its fields. */
export const META = ['frame.number', 'frame.protocols', '_ws.malformed', '_ws.short'] as const;

const BETWEEN_VALUES = '\u0001';
const MOST_OUTPUT_BYTES = 2 ** 30;

export interface TheirPacket {
  readonly number: number;
  /** `eth:ethertype:ip:tcp` */
  readonly protocols: string;
  /** The bytes ended in the middle of something, or a dissector gave up. */
  readonly malformed: boolean;
  readonly values: ReadonlyMap<string, readonly string[]>;
}

/** `TShark (Wireshark) 4.0.17 …`, or undefined where it is not installed. */
export function tsharkVersion(): string | undefined {
  const { status, stdout } = spawnSync('tshark', ['--version'], { encoding: 'utf8' });
  return status === 0 ? stdout.split('\n', 1)[0] : undefined;
}

function tshark(args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(
    'tshark',
    ['-n', ...PREFERENCES.flatMap((one) => ['-o', one]), ...args],
    { encoding: 'utf8', maxBuffer: MOST_OUTPUT_BYTES },
  );
  if (error !== undefined) throw error;
  // It ends with 2 for a file that is cut off, after all packets before that.
  if (status !== 0 && stdout === '') throw new Error(`tshark ended with ${status}: ${stderr.trim()}`);
  return stdout;
}

let allNames: ReadonlySet<string> | undefined;

/** The names among `names` that this tshark knows: fields come, go and are renamed between versions. */
export function knownNames(names: readonly string[]): string[] {
  if (allNames === undefined) {
    const { stdout } = spawnSync('tshark', ['-G', 'fields'], { encoding: 'utf8', maxBuffer: MOST_OUTPUT_BYTES });
    allNames = new Set(stdout.split('\n').map((line) => line.split('\t', 3)[2]!));
  }
  return names.filter((name) => allNames!.has(name));
}

/** The values of `names` in every packet of a file. */
export function readValues(path: string, names: readonly string[]): TheirPacket[] {
  const all = [...META, ...names];
  const text = tshark([
    ...['-r', path, '-T', 'fields', '-E', 'occurrence=a', '-E', `aggregator=${BETWEEN_VALUES}`],
    ...all.flatMap((name) => ['-e', name]),
  ]);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [number = '', protocols = '', malformed = '', short = '', ...values] = line.split('\t');
      const found = new Map<string, readonly string[]>();
      values.forEach((value, i) => {
        if (value !== '') found.set(names[i]!, value.split(BETWEEN_VALUES).map(theirPlain));
      });
      return { number: Number(number), protocols, malformed: malformed !== '' || short !== '', values: found };
    });
}

function theirPlain(value: string): string {
  if (/^0x[\da-f]+$/i.test(value)) return BigInt(value).toString();
  if (value === '<Root>') return '.';
  if (value === 'True' || value === 'False') return value === 'True' ? '1' : '0';
  return plain(value);
}

/** First bit and number of bits of one occurrence, for whole packets from byte 0. */
export interface Place {
  readonly bitOffset: number;
  readonly bitWidth: number;
}

/** Where the fields stand in every packet of a file: by name, in the order of the tree. */
export function readPlaces(path: string, names: ReadonlySet<string>): Map<string, Place[]>[] {
  const frames = JSON.parse(tshark(['-r', path, '-T', 'jsonraw', '--no-duplicate-keys'])) as readonly {
    readonly _source: { readonly layers: unknown };
  }[];
  return frames.map(({ _source }) => {
    const places = new Map<string, Place[]>();
    collect(_source.layers, names, places);
    return places;
  });
}

/** [hex, byte offset, byte length, bit mask, type] */
type Raw = readonly [hex: string, offset: number, length: number, mask: number, type: number];

function isRaw(value: unknown): value is Raw {
  return Array.isArray(value) && value.length === 5 && typeof value[1] === 'number' && typeof value[2] === 'number';
}

function collect(value: unknown, names: ReadonlySet<string>, places: Map<string, Place[]>): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) collect(item, names, places);
    return;
  }
  for (const [key, inner] of Object.entries(value)) {
    const name = key.endsWith('_raw') ? key.slice(0, -4) : undefined;
    if (name !== undefined && names.has(name)) {
      const found = (isRaw(inner) ? [inner] : (inner as readonly unknown[]).filter(isRaw)).flatMap(placeOf);
      places.set(name, [...(places.get(name) ?? []), ...found]);
    } else collect(inner, names, places);
  }
}

/** Nothing for what Wireshark made up itself, which has no length. */
function placeOf([, offset, length, mask]: Raw): Place[] {
  if (length === 0) return [];
  if (mask === 0) return [{ bitOffset: offset * 8, bitWidth: length * 8 }];
  const bits = BigInt(mask).toString(2);
  // Some are put at the first byte of those that their mask is over.
  const end = offset + Math.max(length, Math.ceil(bits.length / 8));
  return [{ bitOffset: end * 8 - bits.length, bitWidth: bits.lastIndexOf('1') + 1 }];
}
