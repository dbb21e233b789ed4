/** What an ICMP error says, in words: RFC 792, RFC 1122 §3.2.2.1, RFC 1812 §5.2.7.1, RFC 4443 §3. */

const V4_UNREACHABLE = [
  'network unreachable',
  'host unreachable',
  'protocol unreachable',
  'port unreachable',
  'fragmentation needed',
  'source route failed',
  'network unknown',
  'host unknown',
  'source host isolated',
  'network prohibited',
  'host prohibited',
  'network unreachable for this type of service',
  'host unreachable for this type of service',
  'prohibited by a filter',
  'host precedence violation',
  'precedence cutoff',
] as const;

const V6_UNREACHABLE = [
  'no route',
  'prohibited by a filter',
  'beyond the scope of the source address',
  'address unreachable',
  'port unreachable',
  'source address failed policy',
  'route rejected',
  'error in the source routing header',
] as const;

const EXPIRED = ['hop limit exceeded', 'reassembly time exceeded'] as const;

function word(words: readonly string[], code: number): string {
  return words[code] ?? `code ${code}`;
}

/** `port unreachable` for ICMP type 3 code 3. */
export function icmpv4Reason(type: number, code: number): string {
  if (type === 3) return word(V4_UNREACHABLE, code);
  if (type === 4) return 'source quench';
  if (type === 11) return word(EXPIRED, code);
  if (type === 12) return 'parameter problem';
  return `type ${type} code ${code}`;
}

/** `port unreachable` for ICMPv6 type 1 code 4. */
export function icmpv6Reason(type: number, code: number): string {
  if (type === 1) return word(V6_UNREACHABLE, code);
  if (type === 2) return 'packet too big';
  if (type === 3) return word(EXPIRED, code);
  if (type === 4) return 'parameter problem';
  return `type ${type} code ${code}`;
}
