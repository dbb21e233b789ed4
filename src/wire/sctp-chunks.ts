/** Chunks of SCTP (RFC 9260 §3.2, §3.3): the walk over the list and the bodies of those that every association has. */
import { concat, equal, readU16, readU32, writeU16, writeU32 } from '../core/bytes.ts';

/** RFC 9260 §3.2 */
export const SctpChunkType = {
  DATA: 0,
  INIT: 1,
  INIT_ACK: 2,
  SACK: 3,
  HEARTBEAT: 4,
  HEARTBEAT_ACK: 5,
  ABORT: 6,
  SHUTDOWN: 7,
  SHUTDOWN_ACK: 8,
  ERROR: 9,
  COOKIE_ECHO: 10,
  COOKIE_ACK: 11,
  SHUTDOWN_COMPLETE: 14,
} as const;

/** Flags of DATA. RFC 9260 §3.3.1, RFC 7053 */
export const SctpDataFlags = { END: 1, BEGINNING: 2, UNORDERED: 4, IMMEDIATE: 8 } as const;

/** A parameter of INIT and INIT ACK, or a cause of ABORT and ERROR: type, length, value. RFC 9260 §3.2.1, §3.3.10 */
export interface SctpParameter {
  readonly type: number;
  readonly data: Uint8Array;
}

/** One chunk; `flags` is the byte as it came. */
export type SctpChunk =
  | {
      readonly name: 'data';
      readonly flags: number;
      readonly tsn: number;
      readonly stream: number;
      readonly streamSequence: number;
      /** Payload protocol identifier, as the application wrote it. */
      readonly protocol: number;
      readonly data: Uint8Array;
    }
  | {
      readonly name: 'init' | 'initAck';
      readonly flags: number;
      readonly initiateTag: number;
      readonly windowBytes: number;
      readonly outboundStreams: number;
      readonly inboundStreams: number;
      readonly initialTsn: number;
      readonly parameters: readonly SctpParameter[];
    }
  | {
      readonly name: 'sack';
      readonly flags: number;
      readonly cumulativeTsn: number;
      readonly windowBytes: number;
      /** Offsets from `cumulativeTsn`, both ends included. */
      readonly gaps: readonly { readonly start: number; readonly end: number }[];
      readonly duplicates: readonly number[];
    }
  | { readonly name: 'heartbeat' | 'heartbeatAck' | 'cookieEcho'; readonly flags: number; readonly data: Uint8Array }
  | { readonly name: 'abort' | 'error'; readonly flags: number; readonly causes: readonly SctpParameter[] }
  | { readonly name: 'shutdown'; readonly flags: number; readonly cumulativeTsn: number }
  | { readonly name: 'shutdownAck' | 'cookieAck' | 'shutdownComplete'; readonly flags: number }
  /** Not known here, or not as the RFC says. */
  | { readonly name: 'unknown'; readonly type: number; readonly flags: number; readonly data: Uint8Array }
  /** From here on the list makes no sense: all bytes left. */
  | { readonly name: 'malformed'; readonly data: Uint8Array; readonly note: string };

const names = {
  heartbeat: SctpChunkType.HEARTBEAT,
  heartbeatAck: SctpChunkType.HEARTBEAT_ACK,
  cookieEcho: SctpChunkType.COOKIE_ECHO,
  shutdownAck: SctpChunkType.SHUTDOWN_ACK,
  cookieAck: SctpChunkType.COOKIE_ACK,
  shutdownComplete: SctpChunkType.SHUTDOWN_COMPLETE,
} as const;

/** Decode a list of chunks; ends for any bytes. Encoding the result gives the same bytes, but for padding not of zeros. */
export function decodeSctpChunks(bytes: Uint8Array, offset: number = 0, end: number = bytes.length): SctpChunk[] {
  const chunks: SctpChunk[] = [];
  let at = offset;
  while (at < end) {
    const length = at + 4 <= end ? readU16(bytes, at + 2) : 0;
    if (length < 4 || at + length > end) {
      const note = `chunk ${bytes[at]}: expected a length of 4 to ${end - at}, got ${at + 4 > end ? 'none' : length}`;
      chunks.push({ name: 'malformed', data: bytes.slice(at, end), note });
      break;
    }
    const flags = bytes[at + 1]!;
    const type = bytes[at]!;
    chunks.push(
      decodeKnown(type, flags, bytes, at + 4, at + length) ?? {
        name: 'unknown',
        type,
        flags,
        data: bytes.slice(at + 4, at + length),
      },
    );
    // RFC 9260 §3.2: chunks are padded to whole words; the length does not count that.
    at += (length + 3) & ~3;
  }
  return chunks;
}

function decodeKnown(type: number, flags: number, bytes: Uint8Array, at: number, end: number): SctpChunk | null {
  const length = end - at;
  switch (type) {
    case SctpChunkType.DATA:
      if (length < 12) return null;
      return {
        name: 'data',
        flags,
        tsn: readU32(bytes, at),
        stream: readU16(bytes, at + 4),
        streamSequence: readU16(bytes, at + 6),
        protocol: readU32(bytes, at + 8),
        data: bytes.slice(at + 12, end),
      };
    case SctpChunkType.INIT:
    case SctpChunkType.INIT_ACK: {
      if (length < 16) return null;
      const parameters = decodeParameters(bytes, at + 16, end);
      if (parameters === null) return null;
      return {
        name: type === SctpChunkType.INIT ? 'init' : 'initAck',
        flags,
        initiateTag: readU32(bytes, at),
        windowBytes: readU32(bytes, at + 4),
        outboundStreams: readU16(bytes, at + 8),
        inboundStreams: readU16(bytes, at + 10),
        initialTsn: readU32(bytes, at + 12),
        parameters,
      };
    }
    case SctpChunkType.SACK:
      return decodeSack(flags, bytes, at, length);
    case SctpChunkType.ABORT:
    case SctpChunkType.ERROR: {
      const causes = decodeParameters(bytes, at, end);
      return causes === null ? null : { name: type === SctpChunkType.ABORT ? 'abort' : 'error', flags, causes };
    }
    case SctpChunkType.SHUTDOWN:
      return length === 4 ? { name: 'shutdown', flags, cumulativeTsn: readU32(bytes, at) } : null;
    case SctpChunkType.HEARTBEAT:
      return { name: 'heartbeat', flags, data: bytes.slice(at, end) };
    case SctpChunkType.HEARTBEAT_ACK:
      return { name: 'heartbeatAck', flags, data: bytes.slice(at, end) };
    case SctpChunkType.COOKIE_ECHO:
      return { name: 'cookieEcho', flags, data: bytes.slice(at, end) };
    case SctpChunkType.SHUTDOWN_ACK:
      return length === 0 ? { name: 'shutdownAck', flags } : null;
    case SctpChunkType.COOKIE_ACK:
      return length === 0 ? { name: 'cookieAck', flags } : null;
    case SctpChunkType.SHUTDOWN_COMPLETE:
      return length === 0 ? { name: 'shutdownComplete', flags } : null;
    default:
      return null;
  }
}

function decodeSack(flags: number, bytes: Uint8Array, at: number, length: number): SctpChunk | null {
  if (length < 12) return null;
  const gapCount = readU16(bytes, at + 8);
  const duplicateCount = readU16(bytes, at + 10);
  if (length !== 12 + 4 * (gapCount + duplicateCount)) return null;
  const duplicatesAt = at + 12 + 4 * gapCount;
  return {
    name: 'sack',
    flags,
    cumulativeTsn: readU32(bytes, at),
    windowBytes: readU32(bytes, at + 4),
    gaps: Array.from({ length: gapCount }, (_, i) => ({
      start: readU16(bytes, at + 12 + 4 * i),
      end: readU16(bytes, at + 14 + 4 * i),
    })),
    duplicates: Array.from({ length: duplicateCount }, (_, i) => readU32(bytes, duplicatesAt + 4 * i)),
  };
}

/** Null where encoding would not give the same bytes: lengths that make no sense, padding not of zeros. */
function decodeParameters(bytes: Uint8Array, offset: number, end: number): SctpParameter[] | null {
  const parameters: SctpParameter[] = [];
  let at = offset;
  while (at < end) {
    const length = at + 4 <= end ? readU16(bytes, at + 2) : 0;
    if (length < 4 || at + length > end) return null;
    parameters.push({ type: readU16(bytes, at), data: bytes.slice(at + 4, at + length) });
    at += (length + 3) & ~3;
  }
  return equal(encodeParameters(parameters), bytes.subarray(offset, end)) ? parameters : null;
}

/** RFC 9260 §3.2.1: padded to whole words, but for the last, whose padding is the chunk's. */
function encodeParameters(parameters: readonly SctpParameter[]): Uint8Array {
  return concat(
    parameters.map(({ type, data }, i) => {
      const length = 4 + data.length;
      const bytes = new Uint8Array(i + 1 < parameters.length ? (length + 3) & ~3 : length);
      writeU16(bytes, 0, type);
      writeU16(bytes, 2, length);
      bytes.set(data, 4);
      return bytes;
    }),
  );
}

/** Encode chunks, each padded with zeros to whole words. */
export function encodeSctpChunks(chunks: readonly SctpChunk[]): Uint8Array {
  return concat(
    chunks.map((chunk) => {
      if (chunk.name === 'malformed') return chunk.data;
      const { type, body } = bodyOf(chunk);
      const length = 4 + body.length;
      if (length > 0xffff) throw new RangeError(`chunk: expected at most 65531 bytes, got ${body.length}`);
      const bytes = new Uint8Array((length + 3) & ~3);
      bytes[0] = type;
      bytes[1] = chunk.flags;
      writeU16(bytes, 2, length);
      bytes.set(body, 4);
      return bytes;
    }),
  );
}

function bodyOf(chunk: Exclude<SctpChunk, { name: 'malformed' }>): { type: number; body: Uint8Array } {
  switch (chunk.name) {
    case 'data': {
      const body = new Uint8Array(12 + chunk.data.length);
      writeU32(body, 0, chunk.tsn);
      writeU16(body, 4, chunk.stream);
      writeU16(body, 6, chunk.streamSequence);
      writeU32(body, 8, chunk.protocol);
      body.set(chunk.data, 12);
      return { type: SctpChunkType.DATA, body };
    }
    case 'init':
    case 'initAck': {
      const fixed = new Uint8Array(16);
      writeU32(fixed, 0, chunk.initiateTag);
      writeU32(fixed, 4, chunk.windowBytes);
      writeU16(fixed, 8, chunk.outboundStreams);
      writeU16(fixed, 10, chunk.inboundStreams);
      writeU32(fixed, 12, chunk.initialTsn);
      const type = chunk.name === 'init' ? SctpChunkType.INIT : SctpChunkType.INIT_ACK;
      return { type, body: concat([fixed, encodeParameters(chunk.parameters)]) };
    }
    case 'sack': {
      const body = new Uint8Array(12 + 4 * (chunk.gaps.length + chunk.duplicates.length));
      writeU32(body, 0, chunk.cumulativeTsn);
      writeU32(body, 4, chunk.windowBytes);
      writeU16(body, 8, chunk.gaps.length);
      writeU16(body, 10, chunk.duplicates.length);
      let at = 12;
      for (const gap of chunk.gaps) {
        writeU16(body, at, gap.start);
        writeU16(body, at + 2, gap.end);
        at += 4;
      }
      for (const tsn of chunk.duplicates) {
        writeU32(body, at, tsn);
        at += 4;
      }
      return { type: SctpChunkType.SACK, body };
    }
    case 'abort':
      return { type: SctpChunkType.ABORT, body: encodeParameters(chunk.causes) };
    case 'error':
      return { type: SctpChunkType.ERROR, body: encodeParameters(chunk.causes) };
    case 'shutdown': {
      const body = new Uint8Array(4);
      writeU32(body, 0, chunk.cumulativeTsn);
      return { type: SctpChunkType.SHUTDOWN, body };
    }
    case 'unknown':
      return { type: chunk.type, body: chunk.data };
    default:
      return { type: names[chunk.name], body: 'data' in chunk ? chunk.data : new Uint8Array(0) };
  }
}

/** tcpdump's words: `[DATA] (B)(E) [TSN: 1] [SID: 0] [SSEQ 0] [PPID 0]`. */
export function describeSctpChunk(chunk: SctpChunk): string {
  switch (chunk.name) {
    case 'data': {
      const { flags } = chunk;
      const marks = [
        (flags & SctpDataFlags.UNORDERED) !== 0 ? '(U)' : '',
        (flags & SctpDataFlags.BEGINNING) !== 0 ? '(B)' : '',
        (flags & SctpDataFlags.END) !== 0 ? '(E)' : '',
      ].join('');
      const where = `[TSN: ${chunk.tsn}] [SID: ${chunk.stream}] [SSEQ ${chunk.streamSequence}] [PPID ${chunk.protocol}]`;
      return `[DATA] ${marks} ${where} length ${chunk.data.length}`;
    }
    case 'init':
    case 'initAck': {
      const name = chunk.name === 'init' ? 'INIT' : 'INIT ACK';
      const streams = `[OS: ${chunk.outboundStreams}] [MIS: ${chunk.inboundStreams}]`;
      return `[${name}] [init tag: ${chunk.initiateTag}] [rwnd: ${chunk.windowBytes}] ${streams} [init TSN: ${chunk.initialTsn}]`;
    }
    case 'sack':
      return `[SACK] [cum ack ${chunk.cumulativeTsn}] [a_rwnd ${chunk.windowBytes}] [#gap acks ${chunk.gaps.length}] [#dup tsns ${chunk.duplicates.length}]`;
    case 'shutdown':
      return `[SHUTDOWN] [cum ack ${chunk.cumulativeTsn}]`;
    case 'unknown':
      return `[chunk type 0x${chunk.type.toString(16).padStart(2, '0')}]`;
    case 'malformed':
      return '[|sctp]';
    default:
      return `[${chunk.name.replace(/[A-Z]/g, (letter) => ` ${letter}`).toUpperCase()}]`;
  }
}
