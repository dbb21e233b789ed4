/** Values of TCP options that are structs (tcp(7), linux/tcp.h, linux/tls.h). */
import type { SocketAddress } from '../../addr/sockaddr.ts';
import { concat, readHostU16, readHostU32, readHostU64, writeHostU16, writeHostU32 } from '../../core/bytes.ts';
import { checkBytes, checkInt } from '../control/row.ts';
import type { OptionType } from './row.ts';
import { blob, i32, optional, sockaddr, struct, u8, u32 } from './struct.ts';

/** TCP_REPAIR_WINDOW: both windows of a connection that is moved. Sequence numbers as in RFC 9293. */
export interface RepairWindow {
  /** Segment of the last window update (SND.WL1). */
  readonly sndWl1: number;
  readonly sndWnd: number;
  /** The largest window that the peer ever offered. */
  readonly maxWindow: number;
  readonly rcvWnd: number;
  /** RCV.NXT when the window was last told. */
  readonly rcvWup: number;
}

export const repairWindow: OptionType<RepairWindow> = struct('tcp_repair_window', 20, {
  sndWl1: u32(0),
  sndWnd: u32(4),
  maxWindow: u32(8),
  rcvWnd: u32(12),
  rcvWup: u32(16),
});

/** One option that the handshake agreed on: MSS 2, window scale 3 (ours << 16 | theirs), SACK 4, timestamps 8. */
export interface RepairOption {
  readonly code: number;
  readonly value: number;
}

export const repairOptions: OptionType<readonly RepairOption[]> = {
  name: 'tcp_repair_opt[]',
  size: 64,
  decode: (bytes) =>
    Array.from({ length: bytes.length >>> 3 }, (_, i) => ({
      code: readHostU32(bytes, 8 * i),
      value: readHostU32(bytes, 8 * i + 4),
    })),
  encode: (options) => {
    if (!Array.isArray(options)) throw new TypeError(`tcp_repair_opt: expected an array, got ${typeof options}`);
    const bytes = new Uint8Array(8 * options.length);
    options.forEach(({ code, value }: RepairOption, i) => {
      writeHostU32(bytes, 8 * i, checkInt(code, `tcp_repair_opt[${i}].code`, 0, 255));
      writeHostU32(bytes, 8 * i + 4, checkInt(value, `tcp_repair_opt[${i}].value`, 0, 0xffff_ffff));
    });
    return bytes;
  },
};

/** struct tcp_md5sig (RFC 2385): the key for one peer; an empty key takes it away. */
export interface TcpMd5Signature {
  readonly address: SocketAddress | string;
  /** At most 80 bytes. */
  readonly key: Uint8Array;
  /** With TCP_MD5SIG_EXT: TCP_MD5SIG_FLAG_PREFIX 1, TCP_MD5SIG_FLAG_IFINDEX 2. */
  readonly flags?: number | undefined;
  readonly prefixLength?: number | undefined;
  readonly ifindex?: number | undefined;
}

const md5Struct = struct<TcpMd5Signature>('tcp_md5sig', 216, {
  address: sockaddr(0),
  flags: optional(u8(128), 0),
  prefixLength: optional(u8(129), 0),
  ifindex: optional(i32(132), 0),
  key: blob(136, 80),
});

export const md5sig: OptionType<TcpMd5Signature> = {
  ...md5Struct,
  encode: (value) => {
    const bytes = md5Struct.encode(value);
    writeHostU16(bytes, 130, value.key.length);
    return bytes;
  },
};

/** TCP_CC_INFO: figures of the algorithm itself. `none` where it has none (cubic, reno). */
export type CongestionInfo =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'bbr';
      /** Bottleneck bandwidth as it sees it, in bytes per second. */
      readonly bandwidth: bigint;
      readonly minRttUs: number;
      /** 256 stands for 1. */
      readonly pacingGain: number;
      readonly cwndGain: number;
    }
  /** Vegas and DCTCP have 16 bytes each; TCP_CONGESTION tells which it is. */
  | { readonly kind: 'other'; readonly data: Uint8Array };

export const ccInfo: OptionType<CongestionInfo> = {
  name: 'tcp_cc_info',
  size: 64,
  decode: (bytes) => {
    if (bytes.length === 0) return { kind: 'none' };
    if (bytes.length !== 20) return { kind: 'other', data: bytes.slice() };
    return {
      kind: 'bbr',
      bandwidth: readHostU64(bytes, 0),
      minRttUs: readHostU32(bytes, 8),
      pacingGain: readHostU32(bytes, 12),
      cwndGain: readHostU32(bytes, 16),
    };
  },
  encode: () => {
    throw new TypeError('TCP_CC_INFO can only be read');
  },
};

/** struct tls12_crypto_info_*: what the kernel needs to encrypt or decrypt TLS records (linux/tls.h). */
export interface TlsCryptoInfo {
  /** 0x0303 for TLS 1.2, 0x0304 for TLS 1.3. */
  readonly version: number;
  /** TLS_CIPHER_*: AES_GCM_128 51, AES_GCM_256 52, AES_CCM_128 53, CHACHA20_POLY1305 54 … */
  readonly cipher: number;
  readonly iv: Uint8Array;
  readonly key: Uint8Array;
  readonly salt: Uint8Array;
  /** Sequence number of the next record. */
  readonly recSeq: Uint8Array;
}

type TlsSizes = readonly [iv: number, key: number, salt: number, recSeq: number];

const GCM_128: TlsSizes = [8, 16, 4, 8];
const GCM_256: TlsSizes = [8, 32, 4, 8];
/** By TLS_CIPHER_*. */
const TLS_SIZES: Readonly<Record<number, TlsSizes>> = {
  51: GCM_128,
  52: GCM_256,
  53: GCM_128,
  54: [12, 32, 0, 8],
  55: GCM_128,
  56: GCM_128,
  57: GCM_128,
  58: GCM_256,
};

const TLS_FIELDS = ['iv', 'key', 'salt', 'recSeq'] as const;

export const tlsCryptoInfo: OptionType<TlsCryptoInfo> = {
  name: 'tls_crypto_info',
  size: 56,
  decode: (bytes) => {
    const cipher = bytes.length < 4 ? 0 : readHostU16(bytes, 2);
    let at = 4;
    const parts = (TLS_SIZES[cipher] ?? [0, 0, 0, 0]).map((size) => bytes.slice(at, (at += size)));
    const [iv, key, salt, recSeq] = parts as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
    return { version: bytes.length < 2 ? 0 : readHostU16(bytes, 0), cipher, iv, key, salt, recSeq };
  },
  encode: (info) => {
    const sizes = TLS_SIZES[info.cipher];
    if (sizes === undefined) throw new RangeError(`tls_crypto_info.cipher: expected 51 to 58, got ${info.cipher}`);
    const head = new Uint8Array(4);
    writeHostU16(head, 0, checkInt(info.version, 'tls_crypto_info.version', 0x0303, 0x0304));
    writeHostU16(head, 2, info.cipher);
    const parts = TLS_FIELDS.map((field, i) => {
      const part = checkBytes(info[field], `tls_crypto_info.${field}`);
      if (part.length === sizes[i]) return part;
      throw new RangeError(`tls_crypto_info.${field}: expected ${sizes[i]} bytes, got ${part.length}`);
    });
    return concat([head, ...parts]);
  },
};

/** Fields of struct tcp_zerocopy_receive that one asks with and is told. */
export interface ZerocopyReceive {
  /** Where to map, a page address of a mapping of the socket; 0 copies only. */
  readonly address: bigint;
  readonly length: number;
  /** Bytes at the front that cannot be mapped and must be read. */
  readonly recvSkipHint: number;
  /** Bytes in the queue. */
  readonly inq: number;
  readonly errno: number;
}

export const zerocopyReceive: OptionType<ZerocopyReceive> = {
  name: 'tcp_zerocopy_receive',
  size: 64,
  decode: (bytes) => ({
    address: bytes.length >= 8 ? readHostU64(bytes, 0) : 0n,
    length: bytes.length >= 12 ? readHostU32(bytes, 8) : 0,
    recvSkipHint: bytes.length >= 16 ? readHostU32(bytes, 12) : 0,
    inq: bytes.length >= 20 ? readHostU32(bytes, 16) : 0,
    errno: bytes.length >= 24 ? readHostU32(bytes, 20) | 0 : 0,
  }),
  encode: ({ length }) => {
    // Only the copying form can be asked for: an address would name memory that is not JavaScript's.
    const bytes = new Uint8Array(64);
    writeHostU32(bytes, 8, checkInt(length, 'tcp_zerocopy_receive.length', 0, 0x7fff_ffff));
    return bytes;
  },
};
