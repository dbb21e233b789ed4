/** The kernel's ciphers and hashes as sockets: struct sockaddr_alg (linux/if_alg.h). */
import { equal, fromUtf8, readHostU32, utf8, writeHostU32 } from '../../core/bytes.ts';
import { checkU32, type FamilyCodec } from './codec.ts';

const TYPE_BYTES = 14;
const NAME_BYTES = 64;

export interface AlgAddress {
  readonly family: 'alg';
  /** `hash`, `skcipher`, `aead`, `rng`, `akcipher`: at most 13 bytes. */
  readonly type: string;
  /** As in /proc/crypto: `sha256`, `cbc(aes)`; at most 63 bytes. */
  readonly name: string;
  /** salg_feat and salg_mask: kinds of implementation to take, and which bits of it count; 0 is left out when decoding. */
  readonly features?: number;
  readonly mask?: number;
}

export const alg: FamilyCodec<AlgAddress> = {
  number: 38,
  bytes: 88,
  write(addr, into, offset) {
    into.set(field(addr.type, 'type', TYPE_BYTES), offset + 2);
    writeHostU32(into, offset + 16, checkU32(addr.features ?? 0, 'features'));
    writeHostU32(into, offset + 20, checkU32(addr.mask ?? 0, 'mask'));
    into.set(field(addr.name, 'name', NAME_BYTES), offset + 24);
  },
  read(bytes, length, offset) {
    if (length < 88) return null;
    const type = textOf(bytes.subarray(offset + 2, offset + 2 + TYPE_BYTES));
    const name = textOf(bytes.subarray(offset + 24, offset + 24 + NAME_BYTES));
    if (type === null || name === null) return null;
    const features = readHostU32(bytes, offset + 16);
    const mask = readHostU32(bytes, offset + 20);
    return { family: 'alg', type, name, ...(features === 0 ? {} : { features }), ...(mask === 0 ? {} : { mask }) };
  },
  parse(text) {
    const colon = text.indexOf(':');
    if (colon <= 0 || colon === text.length - 1) throw new TypeError(`alg: expected alg:TYPE:NAME, got 'alg:${text}'`);
    return { family: 'alg', type: text.slice(0, colon), name: text.slice(colon + 1) };
  },
  format: (addr) => `${addr.type}:${addr.name}`,
};

/** With its NUL: the kernel overwrites the last byte with one. */
function field(text: string, name: string, room: number): Uint8Array {
  if (typeof text !== 'string') throw new TypeError(`${name}: expected a text, got ${typeof text}`);
  const bytes = utf8(text);
  if (bytes.length >= room) throw new RangeError(`${name}: expected at most ${room - 1} bytes, got ${bytes.length}`);
  if (bytes.includes(0)) throw new TypeError(`${name}: expected no NUL`);
  return bytes;
}

/** Null where the bytes are no text that ends. */
function textOf(bytes: Uint8Array): string | null {
  const nul = bytes.indexOf(0);
  if (nul < 0) return null;
  const text = fromUtf8(bytes.subarray(0, nul));
  return equal(utf8(text), bytes.subarray(0, nul)) ? text : null;
}
