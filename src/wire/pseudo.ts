/**
 * The pseudo header that TCP, UDP and ICMPv6 put under their checksum: RFC 9293 §3.1 and RFC 768 for IPv4, RFC 8200 §8.1
 * for IPv6.
 */

import { parseIpv4 } from '../addr/ipv4.ts';
import { parseIpv6 } from '../addr/ipv6.ts';
import { pseudoSumV4, pseudoSumV6 } from '../core/checksum.ts';

/** Both addresses as text, of one family. A decoded IP header will do. */
export interface PseudoAddresses {
  readonly src: string;
  readonly dst: string;
}

/**
 * The sum to begin a transport checksum with.
 * @param length header and data, bytes
 * @throws TypeError when an address is none, or the families differ
 */
export function pseudoSum({ src, dst }: PseudoAddresses, protocol: number, length: number): number {
  const src4 = parseIpv4(src);
  const dst4 = parseIpv4(dst);
  if (src4 !== null && dst4 !== null) return pseudoSumV4(src4, dst4, protocol, length);
  const src6 = parseIpv6(src);
  const dst6 = parseIpv6(dst);
  if (src6 === null || dst6 === null) {
    throw new TypeError(`src, dst: expected two IPv4 or two IPv6 addresses, got '${src}' and '${dst}'`);
  }
  return pseudoSumV6(src6, dst6, protocol, length);
}
