/**
 * Filters say what tcpdump says: for each expression and each of thousands of packets, whole, cut and damaged, the
 * program that libpcap compiles and ours give the same verdict, interpreted and as JavaScript; and errors name the place.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Random } from '../../core/random.ts';
import { LINKTYPE_ETHERNET, LINKTYPE_LINUX_SLL, LINKTYPE_LINUX_SLL2, LINKTYPE_RAW } from '../link-types.ts';
import { encodePcap } from '../pcap.ts';
import {
  compiled,
  compileFilter,
  explainFilter,
  FilterError,
  formatProgram,
  type Instruction,
  interpreter,
  packetFilter,
  programFault,
} from './index.ts';
import { trace } from './interpret.ts';

const hasTcpdump = spawnSync('tcpdump', ['--version']).status === 0;

const LINKS = [
  { name: 'EN10MB', linkType: LINKTYPE_ETHERNET },
  { name: 'RAW', linkType: LINKTYPE_RAW },
  { name: 'LINUX_SLL', linkType: LINKTYPE_LINUX_SLL },
  { name: 'LINUX_SLL2', linkType: LINKTYPE_LINUX_SLL2 },
] as const;

/** Expressions of every kind that pcap-filter(7) describes; `{E}` those that need Ethernet. */
const EVERYWHERE = `
ip|ip6|tcp|udp|icmp|icmp6|igmp|sctp|esp|ah|pim|vrrp|arp|rarp
host 10.0.0.1|src host 10.0.0.1|dst host 10.0.0.1|src and dst host 10.0.0.1|src or dst host 10.0.0.2
ip host 10.0.0.1|arp host 10.0.0.1|not host 10.0.0.1|host 10.0.0.1 and host 10.0.0.2
host fe80::1|src host fe80::1|ip6 host fe80::1|dst host ::1|net fe80::/16|src net fe80::/64|ip6 net 2001:db8::/32|net ::/0
net 10.0.0.0/8|net 10|src net 192.168|dst net 192.168.1|net 10.0.0.0 mask 255.255.255.0|net 10.0.0.1|net 0.0.0.0/0|ip net 10.0.0.0/24
port 80|src port 80|dst port 80|tcp port 80|udp port 53|sctp port 80|tcp src port 80|tcp dst port 443|src and dst port 80
port 80 or 443|port (80 or 443 or 53)|tcp port 80 or udp port 53|not port 22
portrange 50-100|src portrange 80-443|tcp portrange 1-1024|udp dst portrange 53-53
proto 6|ip proto 17|ip6 proto 58|ip proto \\tcp|proto \\udp|ip proto 1 or ip proto 2|ip6 proto 44|ip6 proto 6
less 64|greater 64|len > 100|len <= 60|len != 60|len = 60|len - 14 > 50|len > 10 and len < 60
tcp[13] = 2|tcp[tcpflags] & tcp-syn != 0|tcp[tcpflags] & (tcp-syn|tcp-fin) != 0|tcp[tcpflags] = tcp-ack|tcp[tcpflags] == tcp-syn+tcp-ack
tcp[0:2] = 80|tcp[2:2] > 1024|tcp[4:4] & 0xff00 = 0|tcp[12] >> 4 > 5|(tcp[12] & 0xf0) >> 2 = 20|tcp[((tcp[12] & 0xf0) >> 2):4] = 0x47455420
udp[4:2] > 100|udp[0:2] = udp[2:2]|icmp[icmptype] = icmp-echo|icmp[icmptype] != icmp-echo and icmp[icmptype] != icmp-echoreply|icmp[0] = 3 and icmp[1] = 3
icmp6[icmp6type] = icmp6-echo|icmp6[0] = 135|icmp6[icmp6type] = icmp6-neighborsolicit
ip[0] & 0xf != 5|ip[2:2] > 576|ip[6] = 64|ip[6:2] & 0x1fff = 0|ip[8] < 5|ip[9] = 6|ip[12:4] = 0x0a000001|ip[16:4] = ip[12:4]
ip6[6] = 6|ip6[7] < 64|ip6[40] = 128|ip[1] & 0xfc >> 2 = 10|ip[2:2] - ((ip[0] & 0xf) << 2) > 100
ip[ip[0] & 0xf] = 0|ip[8] * 2 + 1 > 100|ip[8] / 3 = 21|ip[8] % 7 = 1|-ip[8] < 0|ip[1] ^ 255 = 255|1 = 1|1 > 2|2 * 3 = 6
ip multicast|ip6 multicast|ip[16] >= 224
not tcp|not (tcp or udp)|! icmp|not not tcp|tcp and not port 80|tcp || udp && port 53|(tcp or udp) and (host 10.0.0.1 or host 10.0.0.2)|tcp and (port 80 or port 443) and not src host 10.0.0.1
ip and tcp and tcp port 80|ip and ip and ip|tcp or tcp|tcp and not tcp|ip or not ip|host 10.0.0.1 or host 10.0.0.1|tcp port 80 and tcp port 80
icmp or icmp6|udp port 67 or port 68|arp or ip|not arp and not ip|ip and not udp and not tcp
tcp and tcp[13] & 7 != 0|tcp[13] & 2 = 2 or udp|(tcp[13] = 2) or (tcp[13] = 18)|port 80 and ip[8] > 30
`;
const ETHERNET_ONLY = `
ether host 02:00:00:00:00:01|ether src 02:00:00:00:00:01|ether dst host 02:00:00:00:00:02|ether broadcast|ether multicast|broadcast|multicast
ether proto 0x0800|ether proto \\ip|ether proto \\arp|ether proto 0x88cc|ether proto 0x42|ether proto \\stp|stp|atalk|aarp|decnet|iso|netbeui
ether[0] & 1 = 0|ether[12:2] = 0x0806|ether[0:4] = 0xffffffff and ether[4:2] = 0xffff|link[6] = 2|arp[6:2] = 1|arp[7] = 2
vlan|vlan 5|vlan and ip|vlan 5 and tcp port 80|vlan and vlan|vlan 5 and vlan 7 and ip|ip or vlan and ip|not vlan|vlan and host 10.0.0.1
mpls|mpls 16|mpls and ip|mpls 16 and tcp port 80|mpls and mpls|mpls and mpls and ip|pppoed|pppoes|pppoes and ip|pppoes 3|pppoes 3 and tcp port 80|pppoes and ip6
`;
const list = (text: string): string[] => {
  // The bar also stands inside brackets, so each line is split only where none is open.
  const parts: string[] = [];
  for (const line of text.split('\n').filter((one) => one !== '')) {
    let depth = 0;
    let part = '';
    for (const [at, sign] of [...line].entries()) {
      if (sign === '(' || sign === '[') depth++;
      if (sign === ')' || sign === ']') depth--;
      const isDouble = line[at + 1] === '|' || line[at - 1] === '|';
      if (sign === '|' && depth === 0 && !isDouble) {
        parts.push(part.trim());
        part = '';
      } else part += sign;
    }
    parts.push(part.trim());
  }
  return parts;
};

// ------------------------------------------------------------------------------------------------------------ packets

const random = new Random(20_260_101);
const pick = <T>(values: readonly T[]): T => values[random.below(values.length)] as T;
const bytesOf = (...parts: readonly (number | Uint8Array)[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === 'number' ? [part] : [...part])));
const u16 = (value: number): Uint8Array => Uint8Array.of(value >> 8, value & 255);
const noise = (count: number): Uint8Array => Uint8Array.from({ length: count }, () => random.below(256));
const V4 = [
  [10, 0, 0, 1],
  [10, 0, 0, 2],
  [192, 168, 1, 9],
  [224, 0, 0, 1],
].map((bytes) => Uint8Array.from(bytes));
const v6 = (first: number, second: number, last: number): Uint8Array =>
  bytesOf(u16(first), u16(second), new Uint8Array(10), u16(last));
const V6 = [v6(0xfe80, 0, 1), v6(0x2001, 0x0db8, 2), v6(0, 0, 1), v6(0xff02, 0, 1)];
const PORTS = [22, 53, 80, 443, 1024, 60_000];

function transport(protocol: number): Uint8Array {
  const ports = bytesOf(u16(pick(PORTS)), u16(pick(PORTS)));
  if (protocol === 6) {
    const flags = pick([2, 16, 18, 17, 24, 4]);
    const payload = pick([new Uint8Array(0), new TextEncoder().encode('GET / HTTP/1.1'), noise(40)]);
    return bytesOf(ports, noise(8), pick([0x50, 0x80]), flags, noise(6), pick([new Uint8Array(0), noise(12)]), payload);
  }
  if (protocol === 17) return bytesOf(ports, u16(pick([8, 50, 120])), noise(2 + random.below(40)));
  if (protocol === 1) return bytesOf(pick([0, 3, 8, 11]), pick([0, 1, 3]), noise(14));
  if (protocol === 58) return bytesOf(pick([1, 128, 129, 135]), 0, noise(14));
  return bytesOf(ports, noise(16));
}

function ipv4(): Uint8Array {
  const protocol = pick([1, 2, 6, 6, 6, 17, 17, 50, 51, 58, 103, 112, 132]);
  const options = noise(4 * pick([0, 0, 0, 1, 3]));
  const body = transport(protocol);
  const head = [0x40 | (5 + options.length / 4), pick([0, 40, 255]), u16(20 + options.length + body.length), noise(2)];
  const fragment = pick([u16(0x4000), u16(0), u16(0x2000), u16(0x00b9)]);
  return bytesOf(...head, fragment, pick([1, 4, 64, 63]), protocol, noise(2), pick(V4), pick(V4), options, body);
}

function ipv6(): Uint8Array {
  const protocol = pick([6, 17, 58, 132, 0, 50]);
  const body = transport(protocol);
  const isFragment = random.below(4) === 0;
  const fragment = isFragment ? bytesOf(protocol, 0, u16(pick([0, 1])), noise(4)) : new Uint8Array(0);
  const length = u16(fragment.length + body.length);
  return bytesOf(
    0x60,
    0,
    0,
    0,
    length,
    isFragment ? 44 : protocol,
    pick([1, 64, 255]),
    pick(V6),
    pick(V6),
    fragment,
    body,
  );
}

const arp = (): Uint8Array =>
  bytesOf(u16(1), u16(0x0800), 6, 4, u16(pick([1, 2])), noise(6), pick(V4), noise(6), pick(V4));

/** Ethertype (or 802.2 length) and what follows it. */
function network(depth = 0): readonly [type: number, bytes: Uint8Array] {
  const kind = random.below(depth > 2 ? 3 : 9);
  if (kind <= 1) return [0x0800, ipv4()];
  if (kind === 2) return [0x86dd, ipv6()];
  if (kind === 3) return [pick([0x0806, 0x8035]), arp()];
  if (kind === 4) {
    const [type, inner] = network(depth + 1);
    return [pick([0x8100, 0x88a8]), bytesOf(u16(pick([5, 7, 0xa005])), u16(type), inner)];
  }
  if (kind === 5) {
    const label = (isLast: boolean): Uint8Array => bytesOf(0, 1, pick([0, 16]) | (isLast ? 1 : 0), 64);
    const labels = pick([[label(true)], [label(false), label(true)]]);
    return [0x8847, bytesOf(...labels, pick([ipv4(), ipv6()]))];
  }
  if (kind === 6) {
    const [type, inner] = pick([[0x0021, ipv4()] as const, [0x0057, ipv6()] as const]);
    return [pick([0x8864, 0x8863]), bytesOf(0x11, 0, u16(pick([3, 4])), u16(inner.length), u16(type), inner)];
  }
  if (kind === 7)
    return [pick([38, 60]), bytesOf(pick([0x42, 0xfe, 0xf0, 0xaa]), pick([0x42, 0xfe, 0xf0]), 3, noise(35))];
  return [pick([0x809b, 0x80f3, 0x6003, 0x88cc, 0x9000]), noise(40)];
}

const MACS = [1, 2].map((last) => Uint8Array.of(2, 0, 0, 0, 0, last));
const TARGETS = [...MACS, new Uint8Array(6).fill(255), Uint8Array.of(1, 0, 0x5e, 0, 0, 1)];

function packetOf(linkType: number): Uint8Array {
  const [type, inner] = network();
  if (linkType === LINKTYPE_ETHERNET) return bytesOf(pick(TARGETS), pick(MACS), u16(type), inner);
  if (linkType === LINKTYPE_RAW) return pick([ipv4, ipv4, ipv6])();
  if (linkType === LINKTYPE_LINUX_SLL)
    return bytesOf(u16(pick([0, 4])), u16(1), u16(6), pick(MACS), 0, 0, u16(type), inner);
  return bytesOf(u16(type), 0, 0, 0, 0, 0, 2, u16(1), pick([0, 4]), 6, pick(MACS), 0, 0, inner);
}

interface Sample {
  readonly bytes: Uint8Array;
  readonly length: number;
}

function samples(linkType: number, count: number): Sample[] {
  return Array.from({ length: count }, (_, i) => {
    const whole = i % 50 === 0 ? noise(random.below(80)) : packetOf(linkType);
    if (i % 7 === 3 && whole.length > 0) whole[random.below(whole.length)] = random.below(256);
    const bytes = i % 9 === 5 ? whole.subarray(0, random.below(whole.length + 1)) : whole;
    return { bytes, length: whole.length };
  });
}

/** libpcap's own program: `tcpdump -ddd` prints code, jt, jf and k in decimal. It refuses one that keeps nothing. */
function theirs(expression: string, link: string): Instruction[] {
  const {
    stdout: text,
    stderr,
    status,
  } = spawnSync('tcpdump', ['-y', link, '-s', '262144', '-ddd', '--', expression], {
    encoding: 'utf8',
  });
  if (status !== 0) {
    expect(stderr, expression).toMatch(/expression rejects all packets/);
    return [{ code: 6, jt: 0, jf: 0, k: 0 }];
  }
  return text
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => {
      const [code, jt, jf, k] = line.split(' ').map(Number) as [number, number, number, number];
      return { code, jt, jf, k };
    });
}

function endsEarly(program: readonly Instruction[], bytes: Uint8Array, length: number): boolean {
  const last = trace(program, bytes, length).steps.at(-1);
  return ((program[last?.index ?? 0]?.code ?? 0) & 7) !== 6;
}

// -------------------------------------------------------------------------------------------------------------- tests

describe.each(LINKS)('$name', ({ name, linkType }) => {
  const expressions = [...list(EVERYWHERE), ...(linkType === LINKTYPE_ETHERNET ? list(ETHERNET_ONLY) : [])];

  test('every expression gives the verdict of libpcap for every packet', (ctx) => {
    if (!hasTcpdump) ctx.skip('tcpdump is not installed');
    const packets = samples(linkType, 600);
    let kept = 0;
    let longer = 0;
    for (const expression of expressions) {
      const { program } = compileFilter(expression, { linkType });
      const reference = theirs(expression, name);
      const [ours, script, oracle] = [interpreter(program), compiled(program), interpreter(reference)];
      if (program.length > reference.length) longer++;
      for (const { bytes, length } of packets) {
        const verdict = oracle(bytes, length) > 0;
        kept += verdict ? 1 : 0;
        if (ours(bytes, length) > 0 === verdict && script(bytes, length) > 0 === verdict) continue;
        // A load beyond the end drops a packet, and which of two loads comes first is the compiler's choice.
        if (endsEarly(program, bytes, length) || endsEarly(reference, bytes, length)) continue;
        const hex = Buffer.from(bytes).toString('hex');
        expect.fail(
          `${expression}: libpcap ${verdict}, ours ${ours(bytes, length)}/${script(bytes, length)} for ${hex}\n${formatProgram(program)}\n\n${formatProgram(reference)}`,
        );
      }
    }
    expect(kept).toBeGreaterThan(expressions.length * 10);
    // A program longer than libpcap's is no error; if many were, the making small would have broken.
    expect(longer).toBeLessThan(expressions.length / 4);
  });
});

test('both sides of a calculation must be of their protocol', () => {
  // libpcap (1.10) asks for the left side's protocol only, and looks at bytes of later fragments as if they were TCP.
  const { program } = compileFilter('(ip[2:2] - ((ip[0] & 0xf) << 2)) - ((tcp[12] & 0xf0) >> 2) != 0');
  expect(formatProgram(program)).toMatch(/jset {5}#0x1fff/);
});

test('tcpdump reading a file keeps the same packets', (ctx) => {
  if (!hasTcpdump) ctx.skip('tcpdump is not installed');
  const folder = mkdtempSync(join(tmpdir(), 'barewire-filter-'));
  try {
    const packets = samples(LINKTYPE_ETHERNET, 400).filter(({ bytes }) => bytes.length > 0);
    const records = packets.map(({ bytes, length }, i) => ({ t: BigInt(i + 1) * 1_000_000_000n, bytes, length }));
    const file = join(folder, 'a.pcap');
    writeFileSync(file, encodePcap(records, { linkType: LINKTYPE_ETHERNET, resolution: 'us' }));
    for (const expression of ['tcp port 80', 'vlan and ip', 'len > 60 and not arp', 'ip[8] > 30']) {
      const out = execFileSync('tcpdump', ['-r', file, '-w', '-', expression], { stdio: ['ignore', 'pipe', 'ignore'] });
      const seconds: number[] = [];
      for (let at = 24; at < out.length; at += 16 + out.readUInt32LE(at + 8)) seconds.push(out.readUInt32LE(at));
      const keep = packetFilter(compileFilter(expression).program);
      const ours = packets.flatMap(({ bytes, length }, i) => (keep(bytes, length) > 0 ? [i + 1] : []));
      expect(ours, expression).toEqual(seconds);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.each([
  ['tcp port', /expected an address, a name or a number, got the end, at 8/],
  ['port nosuch', /expected a port, got 'nosuch', at 0/],
  ['port 70000', /expected a port from 0 to 65535, got 70000/],
  ['host nowhere', /expected an address, got 'nowhere' \(names are not looked up\)/],
  ['host 1.2.3.4.5', /expected an address, got '1\.2\.3\.4\.5'/],
  ['tcp host 10.0.0.1', /'tcp' has no IPv4 addresses of its own/],
  ['net 10.0.0.1/8', /bits outside its mask/],
  ['net 10.0.0.0/33', /prefix length: expected 0 to 32, got 33/],
  ['tcp[0:3] = 1', /size: expected 1, 2 or 4 bytes, got '3', at 6/],
  ['ip[0] / 0 = 1', /division by zero, at 0/],
  ['(tcp', /expected '\)', got the end, at 4/],
  ['tcp )', /expected and, or, or the end, got '\)', at 4/],
  ['tcp and', /expected an address, a name or a number, got the end/],
  ['foo[0] = 1', /expected a protocol before '\[', got 'foo'/],
  ['ip broadcast', /needs the network's mask/],
  ['inbound', /'inbound' is not in the packets of this link type/],
  ['vlan 5000', /VLAN id: expected a number from 0 to 4095, got 5000/],
  ['protochain 6', /'protochain' needs a loop/],
  ['tcp port 80 {', /unexpected '\{', at 12/],
  ['( '.repeat(500), /expected at most 200 levels/],
  [`${'not '.repeat(500)}tcp`, /expected at most 200 levels/],
])('%s is an error that names the place', (expression, message) => {
  const error = (() => {
    try {
      compileFilter(expression);
      return undefined;
    } catch (caught) {
      return caught;
    }
  })();
  expect(error).toBeInstanceOf(FilterError);
  expect((error as Error).message).toMatch(message);
  expect((error as FilterError).marked.split('\n')).toHaveLength(2);
});

test('random words never break the compiler, and every program it makes is one that the kernel takes', () => {
  const words = [
    ...list(EVERYWHERE).flatMap((one) => one.split(' ')),
    '(',
    ')',
    '[',
    ']',
    '&',
    '=',
    'and',
    'or',
    'not',
    '10',
  ];
  for (let i = 0; i < 3000; i++) {
    const expression = Array.from({ length: 1 + random.below(12) }, () => pick(words)).join(' ');
    try {
      const { program, spans } = compileFilter(expression);
      expect(programFault(program), expression).toBeUndefined();
      expect(spans).toHaveLength(program.length);
    } catch (error) {
      if (!(error instanceof FilterError)) throw error;
    }
  }
});

test('a long list is laid out with long jumps', () => {
  const expression = Array.from({ length: 300 }, (_, i) => `host 10.1.${i >> 8}.${i & 255}`).join(' or ');
  const { program } = compileFilter(expression);
  expect(program.length).toBeGreaterThan(300);
  const keep = interpreter(program);
  const packet = (last: number): Uint8Array =>
    bytesOf(new Uint8Array(12), u16(0x0800), 0x45, new Uint8Array(11), 10, 1, last >> 8, last & 255, 0, 0, 0, 0);
  expect(keep(packet(0), 34)).toBeGreaterThan(0);
  expect(keep(packet(299), 34)).toBeGreaterThan(0);
  expect(keep(packet(300), 34)).toBe(0);
});

test('the explanation names the words that decided', () => {
  const filter = compileFilter('tcp port 80 and not host 10.0.0.1');
  const udp = bytesOf(new Uint8Array(12), u16(0x0800), 0x45, new Uint8Array(8), 17, new Uint8Array(20));
  const verdict = explainFilter(filter, udp);
  expect(verdict.isKept).toBe(false);
  expect(verdict.words).toBe('tcp port 80');
  expect(verdict.text).toMatch(/^dropped by 'tcp port 80': \(\d+\) jeq #0x6 jt \d+ jf \d+, with 0x11 loaded$/);
  expect(explainFilter(filter, udp.subarray(0, 20)).text).toMatch(/the packet ends before what 'tcp port 80' asks for/);
  expect(explainFilter(compileFilter(''), udp).text).toBe('kept: the filter asks for nothing');
});

test('compiling is quick', () => {
  const text =
    'tcp[tcpflags] & (tcp-syn|tcp-fin) != 0 and not host 10.0.0.1 and (port 80 or port 443 or portrange 8000-9000)';
  expect(compileFilter(text).program.length).toBeLessThan(60);
});
