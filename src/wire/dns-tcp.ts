/** DNS over TCP: two bytes of length before each message (RFC 1035 §4.2.2), several in a row (RFC 7766 §6.2.1.1). */
import { concat, readU16 } from '../core/bytes.ts';
import { type DecodeFault, fault } from '../core/fault.ts';
import { type DnsInit, type DnsMessage, decodeDns, encodeDns } from './dns.ts';

/**
 * Decode the first message of a TCP payload.
 * Faults: TRUNCATED (its length is not there); those of `decodeDns`
 */
export function decodeDnsOverTcp(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
): DnsMessage | DecodeFault {
  if (end - offset < 2) return fault('TRUNCATED', 'dns', 'length', offset, 2, end - offset);
  const size = readU16(bytes, offset);
  if (size > end - offset - 2) return fault('TRUNCATED', 'dns', 'message', offset + 2, size, end - offset - 2);
  return decodeDns(bytes, offset + 2, offset + 2 + size);
}

/**
 * Every whole message of a piece of a stream; a bad one is a fault in its place, since the length tells where the next
 * begins.
 * @returns the messages, and where the first byte stands that is not read yet: keep the bytes from there for later
 */
export function decodeDnsStream(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
): { readonly messages: readonly (DnsMessage | DecodeFault)[]; readonly end: number } {
  const messages: (DnsMessage | DecodeFault)[] = [];
  let at = offset;
  while (at + 2 <= end) {
    const next = at + 2 + readU16(bytes, at);
    if (next > end) break;
    messages.push(decodeDns(bytes, at + 2, next));
    at = next;
  }
  return { messages, end: at };
}

/** A message with its length in front. @throws RangeError over 65,535 bytes */
export function encodeDnsOverTcp(init: DnsInit): Uint8Array {
  const message = encodeDns(init);
  if (message.length > 65_535) throw new RangeError(`message: expected at most 65535 bytes, got ${message.length}`);
  return concat([Uint8Array.of(message.length >>> 8, message.length), message]);
}
