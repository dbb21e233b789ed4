/**
 * Reads pcapng, block by block; `readCapture` and `CaptureReader` are the doors. Read pcapng.ts first.
 *
 * Two kinds of damage are kept apart. When the lengths round a block do not agree, the chain is broken and reading
 * ends. When only the inside of a block is wrong, a fault is given and the next block is read.
 */
import { fault, fromUtf8 } from '../core/index.ts';
import { get16, get32, get64 } from './endian.ts';
import {
  type CapturedPacket,
  type CaptureInterface,
  type CaptureItem,
  type FormatReader,
  type InterfaceExtras,
  MAX_BLOCK_BYTES,
  type PacketExtras,
  type RawOption,
} from './items.ts';
import {
  BLOCK_CUSTOM_COPY,
  BLOCK_CUSTOM_NO_COPY,
  BLOCK_ENHANCED_PACKET,
  BLOCK_FRAME_BYTES,
  BLOCK_INTERFACE,
  BLOCK_NAMES,
  BLOCK_PACKET,
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
  IF_DESCRIPTION,
  IF_FILTER,
  IF_HARDWARE,
  IF_NAME,
  IF_OS,
  IF_TSOFFSET,
  IF_TSRESOL,
  ISB_ENDTIME,
  ISB_FILTERACCEPT,
  ISB_IFDROP,
  ISB_IFRECV,
  ISB_OSDROP,
  ISB_STARTTIME,
  ISB_USRDELIV,
  NRB_END,
  NRB_IPV4,
  NRB_IPV6,
  OPT_COMMENT,
  pad4,
  SHB_HARDWARE,
  SHB_OS,
  SHB_USERAPPL,
  walkOptions,
} from './pcapng.ts';
import { readInterfaceExtra, readPacketExtra } from './pcapng-options.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** One block at hand: the file's bytes, the body's bounds in them, and where they lie in the file. */
interface Body {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly base: number;
  /** Offset of the block in the file. */
  readonly offset: number;
  readonly out: CaptureItem[];
}

/** Units a second of if_tsresol: a power of ten, or of two when the top bit is set. */
function unitsOf(resolution: number): bigint {
  return (resolution & 0x80) !== 0 ? 1n << BigInt(resolution & 0x7f) : 10n ** BigInt(resolution);
}

export class PcapngReader implements FormatReader {
  readonly layer = 'pcapng';
  want: number = BLOCK_FRAME_BYTES;
  #little = true;
  /** In the order of the section; undefined where the block was too short to read. */
  #interfaces: (CaptureInterface | undefined)[] = [];

  next(bytes: Uint8Array, at: number, base: number, out: CaptureItem[]): number {
    const have = bytes.length - at;
    if (have < BLOCK_FRAME_BYTES) {
      this.want = BLOCK_FRAME_BYTES;
      return 0;
    }
    const type = get32(bytes, at, this.#little);
    if (type === BLOCK_SECTION) {
      // The byte-order magic comes after the length that it governs.
      if (get32(bytes, at + 8, true) === BYTE_ORDER_MAGIC) this.#little = true;
      else if (get32(bytes, at + 8, false) === BYTE_ORDER_MAGIC) this.#little = false;
      else {
        const magic = get32(bytes, at + 8, false);
        return this.#broken(out, 'BAD_MAGIC', 'byteOrderMagic', base + at + 8, BYTE_ORDER_MAGIC, magic);
      }
    }
    const little = this.#little;
    const total = get32(bytes, at + 4, little);
    if (total < BLOCK_FRAME_BYTES || total % 4 !== 0) {
      return this.#broken(out, 'BAD_LENGTH', 'totalLength', base + at + 4, Math.max(12, pad4(total)), total);
    }
    if (total > MAX_BLOCK_BYTES) {
      return this.#broken(out, 'BAD_LENGTH', 'totalLength', base + at + 4, MAX_BLOCK_BYTES, total);
    }
    if (have < total) {
      this.want = total;
      return 0;
    }
    const again = get32(bytes, at + total - 4, little);
    if (again !== total) {
      return this.#broken(out, 'BAD_LENGTH', 'trailingLength', base + at + total - 4, total, again);
    }
    const body: Body = { bytes, start: at + 8, end: at + total - 4, base, offset: base + at, out };
    if (type === BLOCK_SECTION) return this.#section(body) ? total : -1;
    this.#block(type, body);
    return total;
  }

  #broken(
    out: CaptureItem[],
    code: 'BAD_LENGTH' | 'BAD_MAGIC',
    field: string,
    offset: number,
    need: number,
    have: number,
  ): number {
    out.push({ kind: 'fault', fault: fault(code, 'pcapng', field, offset, need, have) });
    return -1;
  }

  #block(type: number, body: Body): void {
    switch (type) {
      case BLOCK_INTERFACE:
        this.#interface(body);
        break;
      case BLOCK_ENHANCED_PACKET:
        this.#enhancedPacket(body);
        break;
      case BLOCK_SIMPLE_PACKET:
        this.#simplePacket(body);
        break;
      case BLOCK_PACKET:
        this.#oldPacket(body);
        break;
      case BLOCK_STATISTICS:
        this.#statistics(body);
        break;
      case BLOCK_NAMES:
        this.#names(body);
        break;
      case BLOCK_SECRETS:
        this.#secrets(body);
        break;
      case BLOCK_CUSTOM_COPY:
      case BLOCK_CUSTOM_NO_COPY:
        this.#custom(body, type === BLOCK_CUSTOM_COPY);
        break;
      default:
        body.out.push({
          kind: 'block',
          type,
          body: body.bytes.subarray(body.start, body.end),
          littleEndian: this.#little,
          offset: body.offset,
        });
    }
  }

  /** False, with a fault, when the fixed part of a block is cut. */
  #fits(body: Body, need: number): boolean {
    const have = body.end - body.start;
    if (have >= need) return true;
    this.#fault(body, 'TRUNCATED', 'header', body.start, need, have);
    return false;
  }

  #fault(
    body: Body,
    code: 'TRUNCATED' | 'BAD_LENGTH' | 'BAD_VALUE' | 'BAD_VERSION',
    field: string,
    at: number,
    need: number,
    have: number,
  ): void {
    body.out.push({ kind: 'fault', fault: fault(code, 'pcapng', field, body.base + at, need, have) });
  }

  /** Options of a block from `at`: comments and raw ones are collected, `named` answers true for those it took. */
  #options(
    body: Body,
    at: number,
    named: (code: number, value: Uint8Array) => boolean,
  ): { comments: string[]; options: RawOption[]; bad: number | undefined } {
    const comments: string[] = [];
    const options: RawOption[] = [];
    const bad = walkOptions(body.bytes, at, body.end, this.#little, (code, value) => {
      if (code === OPT_COMMENT) comments.push(fromUtf8(value));
      else if (!named(code, value)) options.push({ code, value });
    });
    return { comments, options, bad };
  }

  /** After the item, so that a reader gets what could be read and then hears what could not. */
  #badOption(body: Body, bad: number | undefined): void {
    if (bad === undefined) return;
    this.#fault(body, 'BAD_LENGTH', 'options', bad, get16(body.bytes, bad + 2, this.#little) + 4, body.end - bad);
  }

  #section(body: Body): boolean {
    // byteOrderMagic, major, minor, length of the section
    if (!this.#fits(body, 16)) return false;
    const little = this.#little;
    const major = get16(body.bytes, body.start + 4, little);
    const minor = get16(body.bytes, body.start + 6, little);
    if (major !== 1) {
      this.#fault(body, 'BAD_VERSION', 'major', body.start + 4, 1, major);
      return false;
    }
    this.#interfaces = [];
    const texts: { hardware?: string; os?: string; application?: string } = {};
    const { comments, options, bad } = this.#options(body, body.start + 16, (code, value) => {
      if (code === SHB_HARDWARE) texts.hardware = fromUtf8(value);
      else if (code === SHB_OS) texts.os = fromUtf8(value);
      else if (code === SHB_USERAPPL) texts.application = fromUtf8(value);
      else return false;
      return true;
    });
    body.out.push({
      kind: 'section',
      format: 'pcapng',
      littleEndian: little,
      major,
      minor,
      ...texts,
      comments,
      options,
    });
    this.#badOption(body, bad);
    return true;
  }

  #interface(body: Body): void {
    if (!this.#fits(body, 8)) {
      // It still has a number: packets after it count it.
      this.#interfaces.push(undefined);
      return;
    }
    const little = this.#little;
    const texts: { name?: string; description?: string; filter?: string; os?: string; hardware?: string } = {};
    let unitsPerSecond = 1_000_000n;
    let offsetSeconds = 0n;
    const extras: Mutable<InterfaceExtras> = {};
    const { comments, options, bad } = this.#options(body, body.start + 8, (code, value) => {
      if (code === IF_NAME) texts.name = fromUtf8(value);
      else if (code === IF_DESCRIPTION) texts.description = fromUtf8(value);
      // The first byte of a filter says whether text (0) or byte code follows.
      else if (code === IF_FILTER && value[0] === 0) texts.filter = fromUtf8(value.subarray(1));
      else if (code === IF_OS) texts.os = fromUtf8(value);
      else if (code === IF_HARDWARE) texts.hardware = fromUtf8(value);
      else if (code === IF_TSRESOL && value.length === 1) unitsPerSecond = unitsOf(value[0]!);
      else if (code === IF_TSOFFSET && value.length === 8) offsetSeconds = BigInt.asIntN(64, get64(value, 0, little));
      else return readInterfaceExtra(extras, code, value, little);
      return true;
    });
    const item: CaptureInterface = {
      kind: 'interface',
      index: this.#interfaces.length,
      linkType: get16(body.bytes, body.start, little),
      snapLen: get32(body.bytes, body.start + 4, little),
      unitsPerSecond,
      offsetSeconds,
      ...texts,
      ...extras,
      comments,
      options,
    };
    this.#interfaces.push(item);
    body.out.push(item);
    this.#badOption(body, bad);
  }

  /** The interface that a block names, or a fault. */
  #interfaceAt(body: Body, index: number): CaptureInterface | undefined {
    const found = this.#interfaces[index];
    if (found === undefined)
      this.#fault(body, 'BAD_VALUE', 'interface', body.start, index + 1, this.#interfaces.length);
    return found;
  }

  #time(from: CaptureInterface, bytes: Uint8Array, at: number): bigint {
    // Two 32-bit halves, the high one first in either byte order.
    const units = (BigInt(get32(bytes, at, this.#little)) << 32n) | BigInt(get32(bytes, at + 4, this.#little));
    return (units * 1_000_000_000n) / from.unitsPerSecond + from.offsetSeconds * 1_000_000_000n;
  }

  #enhancedPacket(body: Body): void {
    if (!this.#fits(body, 20)) return;
    const { bytes, start } = body;
    const from = this.#interfaceAt(body, get32(bytes, start, this.#little));
    if (from === undefined) return;
    this.#packet(body, from, this.#time(from, bytes, start + 4), 12, undefined);
  }

  #oldPacket(body: Body): void {
    if (!this.#fits(body, 20)) return;
    const { bytes, start } = body;
    const from = this.#interfaceAt(body, get16(bytes, start, this.#little));
    if (from === undefined) return;
    const drops = get16(bytes, start + 2, this.#little);
    // 0xffff: the number of drops is not known.
    this.#packet(body, from, this.#time(from, bytes, start + 4), 12, drops === 0xffff ? undefined : BigInt(drops));
  }

  /** Captured length and wire length stand at `lengthsAt`, then packet and options. */
  #packet(body: Body, from: CaptureInterface, t: bigint, lengthsAt: number, drops: bigint | undefined): void {
    const { bytes, start, end } = body;
    const little = this.#little;
    const capLen = get32(bytes, start + lengthsAt, little);
    const length = get32(bytes, start + lengthsAt + 4, little);
    const at = start + lengthsAt + 8;
    if (capLen > end - at) {
      this.#fault(body, 'BAD_LENGTH', 'capturedLength', start + lengthsAt, capLen, end - at);
      return;
    }
    const named: Mutable<PacketExtras> &
      Partial<Mutable<Pick<CapturedPacket, 'flags' | 'direction' | 'packetId' | 'dropCount'>>> = {};
    if (drops !== undefined) named.dropCount = drops;
    const { comments, options, bad } = this.#options(body, at + pad4(capLen), (code, value) => {
      if (code === EPB_FLAGS && value.length === 4) {
        named.flags = get32(value, 0, little);
        const direction = named.flags & DIRECTION_MASK;
        if (direction === DIRECTION_INBOUND) named.direction = 'inbound';
        if (direction === DIRECTION_OUTBOUND) named.direction = 'outbound';
      } else if (code === EPB_PACKETID && value.length === 8) named.packetId = get64(value, 0, little);
      else if (code === EPB_DROPCOUNT && value.length === 8) named.dropCount = get64(value, 0, little);
      else return readPacketExtra(named, code, value, little);
      return true;
    });
    body.out.push({
      kind: 'packet',
      t,
      interface: from.index,
      linkType: from.linkType,
      bytes: bytes.subarray(at, at + capLen),
      length: Math.max(length, capLen),
      truncated: length > capLen,
      ...named,
      comments,
      options,
      offset: body.offset,
    });
    this.#badOption(body, bad);
  }

  #simplePacket(body: Body): void {
    if (!this.#fits(body, 4)) return;
    const { bytes, start, end } = body;
    const from = this.#interfaceAt(body, 0);
    if (from === undefined) return;
    const length = get32(bytes, start, this.#little);
    // There is no captured length: it is the wire length, cut by the interface's snap length.
    const capLen = from.snapLen === 0 ? length : Math.min(length, from.snapLen);
    if (capLen > end - start - 4) {
      this.#fault(body, 'BAD_LENGTH', 'length', start, capLen, end - start - 4);
      return;
    }
    body.out.push({
      kind: 'packet',
      t: null,
      interface: 0,
      linkType: from.linkType,
      bytes: bytes.subarray(start + 4, start + 4 + capLen),
      length,
      truncated: length > capLen,
      comments: [],
      options: [],
      offset: body.offset,
    });
  }

  #statistics(body: Body): void {
    if (!this.#fits(body, 12)) return;
    const { bytes, start } = body;
    const little = this.#little;
    const from = this.#interfaceAt(body, get32(bytes, start, little));
    if (from === undefined) return;
    const counts: {
      start?: bigint;
      end?: bigint;
      received?: bigint;
      dropped?: bigint;
      accepted?: bigint;
      osDropped?: bigint;
      delivered?: bigint;
    } = {};
    const { comments, options, bad } = this.#options(body, start + 12, (code, value) => {
      if (value.length !== 8) return false;
      if (code === ISB_STARTTIME) counts.start = this.#time(from, value, 0);
      else if (code === ISB_ENDTIME) counts.end = this.#time(from, value, 0);
      else if (code === ISB_IFRECV) counts.received = get64(value, 0, little);
      else if (code === ISB_IFDROP) counts.dropped = get64(value, 0, little);
      else if (code === ISB_FILTERACCEPT) counts.accepted = get64(value, 0, little);
      else if (code === ISB_OSDROP) counts.osDropped = get64(value, 0, little);
      else if (code === ISB_USRDELIV) counts.delivered = get64(value, 0, little);
      else return false;
      return true;
    });
    body.out.push({
      kind: 'statistics',
      interface: from.index,
      t: this.#time(from, bytes, start + 4),
      ...counts,
      comments,
      options,
    });
    this.#badOption(body, bad);
  }

  #names(body: Body): void {
    const { bytes, end } = body;
    const little = this.#little;
    const records: { address: Uint8Array; names: string[] }[] = [];
    let bad: number | undefined;
    for (let at = body.start; end - at >= 4; ) {
      const type = get16(bytes, at, little);
      const length = get16(bytes, at + 2, little);
      if (type === NRB_END) break;
      const addressBytes = type === NRB_IPV4 ? 4 : type === NRB_IPV6 ? 16 : 0;
      if (at + 4 + length > end || length < addressBytes) {
        bad = at;
        break;
      }
      if (addressBytes > 0) {
        const address = bytes.subarray(at + 4, at + 4 + addressBytes);
        const text = fromUtf8(bytes.subarray(at + 4 + addressBytes, at + 4 + length));
        records.push({ address, names: text.split('\0').filter((name) => name !== '') });
      }
      at += 4 + pad4(length);
    }
    body.out.push({ kind: 'names', records });
    if (bad !== undefined) {
      this.#fault(body, 'BAD_LENGTH', 'record', bad, get16(bytes, bad + 2, little) + 4, end - bad);
    }
  }

  #secrets(body: Body): void {
    if (!this.#fits(body, 8)) return;
    const { bytes, start, end } = body;
    const length = get32(bytes, start + 4, this.#little);
    if (length > end - start - 8) {
      this.#fault(body, 'BAD_LENGTH', 'secretsLength', start + 4, length, end - start - 8);
      return;
    }
    const data = bytes.subarray(start + 8, start + 8 + length);
    body.out.push({ kind: 'secrets', type: get32(bytes, start, this.#little), data });
  }

  #custom(body: Body, mayCopy: boolean): void {
    if (!this.#fits(body, 4)) return;
    const { bytes, start, end, offset } = body;
    const enterprise = get32(bytes, start, this.#little);
    body.out.push({ kind: 'custom', enterprise, data: bytes.subarray(start + 4, end), mayCopy, offset });
  }
}
