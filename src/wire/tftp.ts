/** TFTP (RFC 1350) with options (RFC 2347, 2348, 2349, 7440). Only the first datagram goes to port 69. */
import { concat, readU16, writeU16 } from '../core/bytes.ts';
import { type DecodeFault, fault } from '../core/fault.ts';
import { fromOctets, indexOfByte, toOctets } from './octets.ts';

export const TFTP_PORT = 69;

/** RFC 1350 §5, RFC 2347 */
export const TftpOpcode = { READ: 1, WRITE: 2, DATA: 3, ACK: 4, ERROR: 5, OPTIONS: 6 } as const;

export interface TftpOption {
  readonly name: string;
  readonly value: string;
}

interface Common {
  readonly ok: true;
  readonly kind: 'tftp';
}

/** A decoded datagram; owned. Texts have a character for each byte. */
export type TftpMessage = Common &
  (
    | {
        readonly opcode: 1 | 2;
        readonly file: string;
        /** `octet`, `netascii`, `mail`, in any case. RFC 1350 §1 */
        readonly mode: string;
        readonly options: readonly TftpOption[];
      }
    | { readonly opcode: 3; readonly block: number; readonly data: Uint8Array }
    | { readonly opcode: 4; readonly block: number }
    | { readonly opcode: 5; readonly error: number; readonly text: string }
    | { readonly opcode: 6; readonly options: readonly TftpOption[] }
  );

/**
 * Decode one datagram.
 * Faults: TRUNCATED (a text without its end, a block without its number); BAD_VALUE (opcode); BAD_LENGTH (an option
 * without a value, bytes behind an ACK or an error)
 */
export function decodeTftp(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
): TftpMessage | DecodeFault {
  if (end - offset < 4) return fault('TRUNCATED', 'tftp', 'header', offset, 4, end - offset);
  const opcode = readU16(bytes, offset);
  const head = { ok: true, kind: 'tftp' } as const;
  const block = readU16(bytes, offset + 2);
  switch (opcode) {
    case TftpOpcode.READ:
    case TftpOpcode.WRITE: {
      const texts = textsOf(bytes, offset + 2, end);
      if ('code' in texts) return texts;
      if (texts.length < 2) return fault('TRUNCATED', 'tftp', 'mode', end, 2, texts.length);
      const options = pairs(texts.slice(2), offset);
      return 'code' in options ? options : { ...head, opcode, file: texts[0]!, mode: texts[1]!, options };
    }
    case TftpOpcode.DATA:
      return { ...head, opcode, block, data: bytes.slice(offset + 4, end) };
    case TftpOpcode.ACK:
      if (end - offset > 4) return fault('BAD_LENGTH', 'tftp', 'ack', offset, 4, end - offset);
      return { ...head, opcode, block };
    case TftpOpcode.ERROR: {
      const texts = textsOf(bytes, offset + 4, end);
      if ('code' in texts) return texts;
      if (texts.length !== 1) return fault('BAD_LENGTH', 'tftp', 'text', offset + 4, 1, texts.length);
      return { ...head, opcode, error: block, text: texts[0]! };
    }
    case TftpOpcode.OPTIONS: {
      const texts = textsOf(bytes, offset + 2, end);
      if ('code' in texts) return texts;
      const options = pairs(texts, offset);
      return 'code' in options ? options : { ...head, opcode, options };
    }
    default:
      return fault('BAD_VALUE', 'tftp', 'opcode', offset, TftpOpcode.OPTIONS, opcode);
  }
}

/** Texts that end with a NUL each. */
function textsOf(bytes: Uint8Array, offset: number, end: number): string[] | DecodeFault {
  const texts: string[] = [];
  for (let at = offset; at < end; ) {
    const stop = indexOfByte(bytes, 0, at, end);
    if (stop < 0) return fault('TRUNCATED', 'tftp', 'text', at, end - at + 1, end - at);
    texts.push(fromOctets(bytes, at, stop));
    at = stop + 1;
  }
  return texts;
}

function pairs(texts: readonly string[], offset: number): TftpOption[] | DecodeFault {
  if (texts.length % 2 !== 0) return fault('BAD_LENGTH', 'tftp', 'options', offset, texts.length + 1, texts.length);
  return Array.from({ length: texts.length / 2 }, (_, i) => ({ name: texts[2 * i]!, value: texts[2 * i + 1]! }));
}

type Init<T> = T extends unknown ? Omit<T, 'ok' | 'kind'> : never;

/** Encode one datagram; what was decoded gives its own bytes again. */
export function encodeTftp(message: Init<TftpMessage>): Uint8Array {
  switch (message.opcode) {
    case TftpOpcode.READ:
    case TftpOpcode.WRITE:
      return concat([number(message.opcode), ...texts([message.file, message.mode, ...flat(message.options)])]);
    case TftpOpcode.DATA:
      return concat([number(message.opcode), number(message.block), message.data]);
    case TftpOpcode.ACK:
      return concat([number(message.opcode), number(message.block)]);
    case TftpOpcode.ERROR:
      return concat([number(message.opcode), number(message.error), ...texts([message.text])]);
    case TftpOpcode.OPTIONS:
      return concat([number(message.opcode), ...texts(flat(message.options))]);
  }
}

function number(value: number): Uint8Array {
  const bytes = new Uint8Array(2);
  writeU16(bytes, 0, value);
  return bytes;
}

const flat = (options: readonly TftpOption[]): string[] => options.flatMap(({ name, value }) => [name, value]);
const texts = (all: readonly string[]): Uint8Array[] => all.map((text) => toOctets(`${text}\0`));

/** `TFTP, RRQ "boot.img" octet blksize 1428` */
export function describeTftp(message: TftpMessage): string {
  switch (message.opcode) {
    case TftpOpcode.READ:
    case TftpOpcode.WRITE: {
      const what = message.opcode === TftpOpcode.READ ? 'RRQ' : 'WRQ';
      return `TFTP, ${what} "${message.file}" ${[message.mode, ...flat(message.options)].join(' ')}`;
    }
    case TftpOpcode.DATA:
      return `TFTP, DATA block ${message.block}, length ${message.data.length}`;
    case TftpOpcode.ACK:
      return `TFTP, ACK block ${message.block}`;
    case TftpOpcode.ERROR:
      return `TFTP, ERROR ${message.error} "${message.text}"`;
    case TftpOpcode.OPTIONS:
      return `TFTP, OACK ${flat(message.options).join(' ')}`;
  }
}
