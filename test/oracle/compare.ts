/** Both decoders over one capture file, field by field. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CapturedPacket, PcapngWriter, readPackets } from '../../src/capture/index.ts';
import { concat } from '../../src/core/index.ts';
import { decodeApplication, decodePacket, type Packet } from '../../src/wire/index.ts';
import { THEIR_NAMES } from './names.ts';
import { COMPARED, type Found, ourFields } from './ours.ts';
import { explain } from './rules.ts';
import { knownNames, type Place, readPlaces, readValues, type TheirPacket } from './tshark.ts';

/** `value`: what a field says, in every packet. `place`: at which bits it stands, in a sample of them. */
export type Subject = 'value' | 'place';

export interface Difference {
  /** Counted from 1, as Wireshark does. */
  readonly frame: number;
  readonly subject: Subject;
  /** Wireshark's name. */
  readonly field: string;
  readonly ours: readonly string[];
  readonly theirs: readonly string[];
  /** Why this is known and right as it is. */
  readonly reason: string | undefined;
}

/** A difference as a rule sees it. */
export interface Case extends Omit<Difference, 'reason'> {
  readonly packet: Packet;
  readonly their: TheirPacket;
}

export interface Tally {
  compared: number;
  equal: number;
  explained: number;
  unexplained: number;
}

export interface Comparison {
  readonly frames: number;
  /** Frames whose fields' places were compared too. */
  readonly sampled: number;
  /** By Wireshark's name; a list of values in one packet counts once. */
  readonly fields: ReadonlyMap<string, Tally>;
  readonly differences: readonly Difference[];
  /** Layers that names.ts has nothing for, and how often they were there. */
  readonly unnamed: ReadonlyMap<string, number>;
}

export interface CompareOptions {
  /** At most so many frames, spread over the file, are asked for places. */
  readonly mostPlaces?: number;
}

export const MOST_PLACES = 1000;

/**
 * Compare a capture file, pcap or pcapng.
 * @throws Error when tshark is not there, or reads another number of packets than we do
 */
export function compareCapture(path: string, options?: CompareOptions): Comparison {
  const names = knownNames(COMPARED);
  const packets = [...readPackets(readFileSync(path))];
  const theirs = readValues(path, names);
  if (theirs.length !== packets.length) {
    throw new Error(`${path}: tshark reads ${theirs.length} packets, Barewire ${packets.length}`);
  }
  const state = new State(names);
  const sample = sampleOf(packets, options?.mostPlaces ?? MOST_PLACES);
  const places = sample.length === 0 ? [] : placesOf(packets, sample, new Set(names));
  const placesAt = new Map(sample.map((index, i) => [index, places[i]!]));
  packets.forEach(({ bytes, linkType, length }, i) => {
    const packet = decodePacket(bytes, linkType, { wireLength: length });
    state.packet(packet, theirs[i]!, placesAt.get(i));
  });
  const { fields, differences, unnamed } = state;
  return { frames: packets.length, sampled: sample.length, fields, differences, unnamed };
}

/** Indexes spread evenly, the first packet among them. */
function sampleOf(packets: readonly CapturedPacket[], most: number): number[] {
  const step = Math.max(1, packets.length / most);
  const count = Math.min(packets.length, most);
  return Array.from({ length: count }, (_, i) => Math.floor(i * step));
}

/** The sample in a file of its own, as tshark reads places slowly. */
function placesOf(
  packets: readonly CapturedPacket[],
  sample: readonly number[],
  names: ReadonlySet<string>,
): Map<string, Place[]>[] {
  const folder = mkdtempSync(join(tmpdir(), 'barewire-oracle-'));
  try {
    const path = join(folder, 'sample.pcapng');
    const parts: Uint8Array[] = [];
    const writer = new PcapngWriter((bytes) => parts.push(bytes));
    const interfaces = new Map<number, number>();
    for (const index of sample) {
      const { t, bytes, length, linkType } = packets[index]!;
      let face = interfaces.get(linkType);
      if (face === undefined) interfaces.set(linkType, (face = writer.addInterface({ linkType })));
      writer.writePacket({ interface: face, t: t ?? 0n, bytes, length });
    }
    writeFileSync(path, concat(parts));
    return readPlaces(path, names);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

class State {
  readonly fields: Map<string, Tally> = new Map();
  readonly differences: Difference[] = [];
  readonly unnamed: Map<string, number> = new Map();
  readonly #names: readonly string[];

  constructor(names: readonly string[]) {
    this.#names = names;
  }

  packet(packet: Packet, their: TheirPacket, places: ReadonlyMap<string, readonly Place[]> | undefined): void {
    const ours = ourFields(packet);
    const message = decodeApplication(packet);
    const said = message?.ok === true ? [message.kind] : [];
    for (const name of [...packet.layers.map(({ layer }) => layer), ...said]) {
      if (THEIR_NAMES[name] === undefined) this.unnamed.set(name, (this.unnamed.get(name) ?? 0) + 1);
    }
    for (const field of this.#names) {
      const found = ours.get(field) ?? [];
      const values = found.map(({ value }) => value);
      this.#compare({
        packet,
        their,
        frame: their.number,
        subject: 'value',
        field,
        ours: values,
        theirs: their.values.get(field) ?? [],
      });
      if (places !== undefined) {
        const at = found.filter(({ bitOffset }) => bitOffset >= 0).map(placeText);
        const theirAt = (places.get(field) ?? []).map(placeText);
        if (at.length > 0) {
          this.#compare({ packet, their, frame: their.number, subject: 'place', field, ours: at, theirs: theirAt });
        }
      }
    }
  }

  #compare(one: Case): void {
    if (one.ours.length === 0 && one.theirs.length === 0) return;
    const key = one.subject === 'value' ? one.field : `${one.field} @`;
    let tally = this.fields.get(key);
    if (tally === undefined) this.fields.set(key, (tally = { compared: 0, equal: 0, explained: 0, unexplained: 0 }));
    tally.compared++;
    if (isSame(one.ours, one.theirs)) {
      tally.equal++;
      return;
    }
    const reason = explain(one);
    tally[reason === undefined ? 'unexplained' : 'explained']++;
    const { packet: _packet, their: _their, ...difference } = one;
    this.differences.push({ ...difference, reason });
  }
}

function isSame(ours: readonly string[], theirs: readonly string[]): boolean {
  return ours.length === theirs.length && ours.every((value, i) => value === theirs[i]);
}

/** `20.0+4`: byte and bit where it begins, bits. */
function placeText({ bitOffset, bitWidth }: Place | Found): string {
  return `${Math.floor(bitOffset / 8)}.${bitOffset % 8}+${bitWidth}`;
}
