/**
 * Writes pcapng into a sink, block by block: sections, interfaces, packets with comments and direction, statistics,
 * names, secrets. Stamps are nanoseconds (if_tsresol 9). Read pcapng.ts first.
 */
import { concat, utf8 } from '../core/index.ts';
import { put16, put32, put64 } from './endian.ts';
import type { ByteSink, InterfaceExtras, PacketExtras, RawOption } from './items.ts';
import {
  BLOCK_CUSTOM_COPY,
  BLOCK_CUSTOM_NO_COPY,
  BLOCK_ENHANCED_PACKET,
  BLOCK_FRAME_BYTES,
  BLOCK_INTERFACE,
  BLOCK_NAMES,
  BLOCK_SECRETS,
  BLOCK_SECTION,
  BLOCK_SIMPLE_PACKET,
  BLOCK_STATISTICS,
  BYTE_ORDER_MAGIC,
  DIRECTION_INBOUND,
  DIRECTION_MASK,
  DIRECTION_OUTBOUND,
  EPB_DROPCOUNT,
  EPB_FLAGS,
  EPB_PACKETID,
  encodeOptions,
  IF_DESCRIPTION,
  IF_FILTER,
  IF_HARDWARE,
  IF_NAME,
  IF_OS,
  IF_TSRESOL,
  ISB_ENDTIME,
  ISB_FILTERACCEPT,
  ISB_IFDROP,
  ISB_IFRECV,
  ISB_OSDROP,
  ISB_STARTTIME,
  ISB_USRDELIV,
  NRB_IPV4,
  NRB_IPV6,
  OPT_COMMENT,
  pad4,
  SHB_HARDWARE,
  SHB_OS,
  SHB_USERAPPL,
} from './pcapng.ts';
import { interfaceExtraOptions, packetExtraOptions } from './pcapng-options.ts';

export interface SectionOptions {
  /** What the capture was made on, with and by, as text. */
  readonly hardware?: string;
  readonly os?: string;
  readonly application?: string;
  readonly comments?: readonly string[];
  readonly options?: readonly RawOption[];
  /** True when not given. */
  readonly littleEndian?: boolean;
}

export interface InterfaceOptions extends InterfaceExtras {
  readonly linkType: number;
  /** Packets are cut to this many bytes; 0, and not given, mean no limit. */
  readonly snapLen?: number;
  readonly name?: string;
  readonly description?: string;
  readonly os?: string;
  readonly hardware?: string;
  readonly filter?: string;
  readonly comments?: readonly string[];
  readonly options?: readonly RawOption[];
}

export interface PacketRecord extends PacketExtras {
  /** What `addInterface` returned. */
  readonly interface: number;
  /** ns since 1970. */
  readonly t: bigint;
  /** Borrowed for the time of the call. */
  readonly bytes: Uint8Array;
  /** Length on the wire when `bytes` is already cut. */
  readonly length?: number;
  readonly direction?: 'inbound' | 'outbound';
  /** The other bits of epb_flags; its direction bits count only when `direction` is not given. */
  readonly flags?: number;
  readonly comments?: readonly string[];
  readonly packetId?: bigint;
  readonly dropCount?: bigint;
  readonly options?: readonly RawOption[];
}

export interface StatisticsRecord {
  readonly interface: number;
  /** ns since 1970, as `start` and `end`. */
  readonly t: bigint;
  readonly start?: bigint;
  readonly end?: bigint;
  readonly received?: bigint;
  readonly dropped?: bigint;
  readonly accepted?: bigint;
  readonly osDropped?: bigint;
  readonly delivered?: bigint;
  readonly comments?: readonly string[];
}

export class PcapngWriter {
  readonly #sink: ByteSink;
  readonly #little: boolean;
  readonly #snapLens: number[] = [];

  /** Writes the section header at once. */
  constructor(sink: ByteSink, section: SectionOptions = {}) {
    this.#sink = sink;
    this.#little = section.littleEndian ?? true;
    const head = new Uint8Array(16);
    put32(head, 0, BYTE_ORDER_MAGIC, this.#little);
    put16(head, 4, 1, this.#little);
    // The length of the section is not known while it is written: all ones.
    head.fill(0xff, 8);
    this.#block(BLOCK_SECTION, head, [
      ...commentOptions(section.comments),
      ...textOption(SHB_HARDWARE, section.hardware),
      ...textOption(SHB_OS, section.os),
      ...textOption(SHB_USERAPPL, section.application),
      ...(section.options ?? []),
    ]);
  }

  /** Describe an interface; returns its number for the packets that follow. */
  addInterface(options: InterfaceOptions): number {
    const { linkType, snapLen = 0 } = options;
    checkRange('linkType', linkType, 0xffff);
    checkRange('snapLen', snapLen, 0xffff_ffff);
    const head = new Uint8Array(8);
    put16(head, 0, linkType, this.#little);
    put32(head, 4, snapLen, this.#little);
    this.#block(BLOCK_INTERFACE, head, [
      ...commentOptions(options.comments),
      ...textOption(IF_NAME, options.name),
      ...textOption(IF_DESCRIPTION, options.description),
      { code: IF_TSRESOL, value: Uint8Array.of(9) },
      ...(options.filter === undefined
        ? []
        : [{ code: IF_FILTER, value: concat([Uint8Array.of(0), utf8(options.filter)]) }]),
      ...textOption(IF_OS, options.os),
      ...textOption(IF_HARDWARE, options.hardware),
      ...interfaceExtraOptions(options, this.#little),
      ...(options.options ?? []),
    ]);
    return this.#snapLens.push(snapLen) - 1;
  }

  /** An enhanced packet block. */
  writePacket(packet: PacketRecord): void {
    const { bytes, t, direction } = packet;
    const snapLen = this.#snapLenOf(packet.interface);
    const kept = snapLen === 0 ? bytes.length : Math.min(bytes.length, snapLen);
    const head = new Uint8Array(20 + pad4(kept));
    put32(head, 0, packet.interface, this.#little);
    this.#putTime(head, 4, t);
    put32(head, 12, kept, this.#little);
    put32(head, 16, Math.max(packet.length ?? 0, bytes.length), this.#little);
    head.set(kept === bytes.length ? bytes : bytes.subarray(0, kept), 20);
    const options: RawOption[] = commentOptions(packet.comments);
    if (direction !== undefined || packet.flags !== undefined) {
      let flags = packet.flags ?? 0;
      if (direction !== undefined) {
        flags = (flags & ~DIRECTION_MASK) | (direction === 'inbound' ? DIRECTION_INBOUND : DIRECTION_OUTBOUND);
      }
      const value = new Uint8Array(4);
      put32(value, 0, flags, this.#little);
      options.push({ code: EPB_FLAGS, value });
    }
    options.push(...this.#countOption(EPB_DROPCOUNT, packet.dropCount));
    options.push(...this.#countOption(EPB_PACKETID, packet.packetId));
    options.push(...packetExtraOptions(packet, this.#little));
    options.push(...(packet.options ?? []));
    this.#block(BLOCK_ENHANCED_PACKET, head, options);
  }

  /**
   * A simple packet block: a packet of the first interface without stamp or options, twelve bytes shorter.
   * @param bytes borrowed; cut to the interface's snap length
   * @param length on the wire: only what the snap length cut may be missing
   */
  writeSimplePacket(bytes: Uint8Array, length: number = bytes.length): void {
    const snapLen = this.#snapLenOf(0);
    const kept = snapLen === 0 ? length : Math.min(length, snapLen);
    // There is no field for it: readers take the wire length, cut by the snap length.
    if (bytes.length < kept) throw new RangeError(`bytes: expected ${kept}, got ${bytes.length}`);
    const head = new Uint8Array(4 + pad4(kept));
    put32(head, 0, length, this.#little);
    head.set(bytes.subarray(0, kept), 4);
    this.#block(BLOCK_SIMPLE_PACKET, head, []);
  }

  /**
   * A custom block.
   * @param enterprise a Private Enterprise Number of IANA's
   * @param data padded to 32 bits with zeros: it must say itself how long it is
   * @param mayCopy whether programs that change the file may copy it
   */
  writeCustom(enterprise: number, data: Uint8Array, mayCopy: boolean = true): void {
    checkRange('enterprise', enterprise, 0xffff_ffff);
    const body = new Uint8Array(4 + pad4(data.length));
    put32(body, 0, enterprise, this.#little);
    body.set(data, 4);
    this.#block(mayCopy ? BLOCK_CUSTOM_COPY : BLOCK_CUSTOM_NO_COPY, body, []);
  }

  /** An interface statistics block: counts since the start, usually once at the end. */
  writeStatistics(statistics: StatisticsRecord): void {
    this.#snapLenOf(statistics.interface);
    const head = new Uint8Array(12);
    put32(head, 0, statistics.interface, this.#little);
    this.#putTime(head, 4, statistics.t);
    this.#block(BLOCK_STATISTICS, head, [
      ...commentOptions(statistics.comments),
      ...this.#timeOption(ISB_STARTTIME, statistics.start),
      ...this.#timeOption(ISB_ENDTIME, statistics.end),
      ...this.#countOption(ISB_IFRECV, statistics.received),
      ...this.#countOption(ISB_IFDROP, statistics.dropped),
      ...this.#countOption(ISB_FILTERACCEPT, statistics.accepted),
      ...this.#countOption(ISB_OSDROP, statistics.osDropped),
      ...this.#countOption(ISB_USRDELIV, statistics.delivered),
    ]);
  }

  /** Names of addresses of 4 or 16 bytes. */
  writeNames(records: readonly { readonly address: Uint8Array; readonly names: readonly string[] }[]): void {
    const parts = records.map(({ address, names }) => {
      if (address.length !== 4 && address.length !== 16) {
        throw new RangeError(`address: expected 4 or 16 bytes, got ${address.length}`);
      }
      const value = concat([address, utf8(names.map((name) => `${name}\0`).join(''))]);
      checkRange('names', value.length, 0xffff);
      const record = new Uint8Array(4 + pad4(value.length));
      put16(record, 0, address.length === 4 ? NRB_IPV4 : NRB_IPV6, this.#little);
      put16(record, 2, value.length, this.#little);
      record.set(value, 4);
      return record;
    });
    this.#block(BLOCK_NAMES, concat([...parts, new Uint8Array(4)]), []);
  }

  /** Keys; must stand before the packets that they decrypt. */
  writeSecrets(type: number, data: Uint8Array): void {
    const body = new Uint8Array(8 + pad4(data.length));
    put32(body, 0, type, this.#little);
    put32(body, 4, data.length, this.#little);
    body.set(data, 8);
    this.#block(BLOCK_SECRETS, body, []);
  }

  /** Any block as it is, for copying what this version does not know. Its inside must be in the file's byte order. */
  writeBlock(type: number, body: Uint8Array): void {
    if (body.length % 4 !== 0) throw new RangeError(`body: expected a multiple of 4 bytes, got ${body.length}`);
    this.#block(type, body, []);
  }

  #snapLenOf(index: number): number {
    const snapLen = this.#snapLens[index];
    if (snapLen === undefined) {
      throw new RangeError(`interface: expected one of the ${this.#snapLens.length} added so far, got ${index}`);
    }
    return snapLen;
  }

  #putTime(bytes: Uint8Array, at: number, t: bigint): void {
    if (t < 0n || t > 0xffff_ffff_ffff_ffffn) throw new RangeError(`t: expected 0 to 2^64 - 1 ns, got ${t}`);
    put32(bytes, at, Number(t >> 32n), this.#little);
    put32(bytes, at + 4, Number(t & 0xffff_ffffn), this.#little);
  }

  #timeOption(code: number, t: bigint | undefined): RawOption[] {
    if (t === undefined) return [];
    const value = new Uint8Array(8);
    this.#putTime(value, 0, t);
    return [{ code, value }];
  }

  #countOption(code: number, count: bigint | undefined): RawOption[] {
    if (count === undefined) return [];
    const value = new Uint8Array(8);
    put64(value, 0, count, this.#little);
    return [{ code, value }];
  }

  #block(type: number, head: Uint8Array, options: readonly RawOption[]): void {
    const tail = encodeOptions(options, this.#little);
    const total = BLOCK_FRAME_BYTES + head.length + tail.length;
    const block = new Uint8Array(total);
    put32(block, 0, type, this.#little);
    put32(block, 4, total, this.#little);
    block.set(head, 8);
    block.set(tail, 8 + head.length);
    put32(block, total - 4, total, this.#little);
    this.#sink(block);
  }
}

function checkRange(name: string, value: number, most: number): void {
  if (!(Number.isInteger(value) && value >= 0 && value <= most)) {
    throw new RangeError(`${name}: expected 0 to ${most}, got ${value}`);
  }
}

function textOption(code: number, text: string | undefined): RawOption[] {
  return text === undefined ? [] : [{ code, value: utf8(text) }];
}

function commentOptions(comments: readonly string[] | undefined): RawOption[] {
  return (comments ?? []).map((text) => ({ code: OPT_COMMENT, value: utf8(text) }));
}
