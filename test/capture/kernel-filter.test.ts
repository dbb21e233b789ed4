/**
 * Filters in the kernel (SO_ATTACH_FILTER, socket(7)) and here decide alike: expressions over packets of every kind, and
 * programs that are random but valid. The kernel runs them on a datagram socket, which sees the packet from its first byte.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  compiled,
  compileFilter,
  type Instruction,
  interpreter,
  type Program,
  programFault,
} from '../../src/capture/index.ts';
import { fromHex } from '../../src/core/index.ts';
import { kernel } from '../../src/os/kernel.ts';
import { AF_UNIX, SO, SOCK_DGRAM } from '../../src/socket/index.ts';
import { allVectors } from '../vectors/all.ts';

const packets = allVectors.filter(({ linkType }) => linkType === 'ethernet').map(({ hex }) => fromHex(hex));

/** How many bytes of each packet the kernel keeps. */
function inKernel(program: Program, given: readonly Uint8Array[]): number[] {
  const [from, to] = kernel.socketpair(AF_UNIX, SOCK_DGRAM);
  try {
    to.set(SO.ATTACH_FILTER, program);
    const buffer = new Uint8Array(65_536);
    return given.map((packet) => {
      // A packet that the filter drops is sent all the same, and never arrives.
      from.trySend(packet);
      const got = to.tryRecvfrom(buffer);
      return got === null ? 0 : got.data.length;
    });
  } finally {
    from.close();
    to.close();
  }
}

/** The same, as the kernel counts: it cuts to what the program returns, and keeps at most what there is. */
function here(run: (bytes: Uint8Array, length: number) => number, given: readonly Uint8Array[]): number[] {
  return given.map((packet) => Math.min(run(packet, packet.length), packet.length));
}

const HOSTS = ['host 10.0.0.1', 'src host 127.0.0.1', 'dst net 10.0.0.0/8', 'ip6 host ::1', 'net 192.0.2.0/24'];
const PORTS = ['port 53', 'tcp port 80', 'udp src port 5353', 'portrange 1-1023', 'dst port 443', 'sctp port 5000'];
const PROTOCOLS = ['ip', 'ip6', 'arp', 'tcp', 'udp', 'icmp', 'icmp6', 'igmp', 'vlan', 'mpls', 'pppoes', 'ip proto 47'];
const BYTES = [
  'tcp[tcpflags] & (tcp-syn|tcp-fin) != 0',
  'ip[0] & 0xf > 5',
  'icmp[icmptype] == icmp-echo',
  'ether[0] & 1 = 1',
  'udp[4:2] > 20',
  'ip[2:2] - 20 > 8',
  'tcp[12] >> 4 > 5',
  'len % 7 = 3',
];
const SIZES = ['less 70', 'greater 100', 'len > 60', 'ether broadcast', 'ip multicast', 'ether src 02:00:00:00:00:01'];
const SINGLE = [...HOSTS, ...PORTS, ...PROTOCOLS, ...BYTES, ...SIZES];
/** A few hundred: each alone, its opposite, and pairs. */
const EXPRESSIONS = [
  ...SINGLE,
  ...SINGLE.map((one) => `not (${one})`),
  ...SINGLE.flatMap((one, i) => [
    `${one} and ${SINGLE[(i * 7 + 3) % SINGLE.length]}`,
    `(${one}) or (${SINGLE[(i * 5 + 1) % SINGLE.length]})`,
  ]),
].filter((text) => !/(vlan|mpls|pppoes).* (and|or) /.test(text));

describe('expressions', () => {
  test(`${EXPRESSIONS.length} of them over ${packets.length} packets`, () => {
    for (const expression of EXPRESSIONS) {
      const { program } = compileFilter(expression);
      const kernels = inKernel(program, packets);
      expect(here(interpreter(program), packets), expression).toEqual(kernels);
      expect(here(compiled(program), packets), expression).toEqual(kernels);
    }
  }, 60_000);
});

/** Instructions of every kind; jumps stay within the program, memory is written before it is read. */
const operand = fc.oneof(fc.nat(80), fc.constantFrom(0, 1, 31, 32, 33, 0xffff_ffff, 0x8000_0000, 0x7fff_ffff));
const body = fc.array(
  fc.oneof(
    // Loads: absolute, indexed, immediate, length, 4 * (byte & 15).
    fc.record({
      code: fc.constantFrom(0x20, 0x28, 0x30, 0x40, 0x48, 0x50, 0x00, 0x80, 0x01, 0x81, 0xb1),
      k: fc.nat(60),
    }),
    // Arithmetic by a constant and by X; moves.
    fc.record({
      code: fc.constantFrom(
        0x04,
        0x14,
        0x24,
        0x44,
        0x54,
        0x64,
        0x74,
        0x84,
        0xa4,
        0x0c,
        0x1c,
        0x2c,
        0x3c,
        0x4c,
        0x5c,
        0x9c,
        0xac,
        0x07,
        0x87,
      ),
      k: operand,
    }),
    fc.record({ code: fc.constantFrom(0x34, 0x94), k: fc.integer({ min: 1, max: 1000 }) }),
    fc.record({
      code: fc.constantFrom(0x15, 0x25, 0x35, 0x45, 0x1d, 0x2d, 0x3d, 0x4d),
      k: operand,
      jt: fc.nat(3),
      jf: fc.nat(3),
    }),
    fc.record({ code: fc.constantFrom(0x02, 0x03, 0x60, 0x61), k: fc.nat(3) }),
  ),
  { maxLength: 20 },
);

test('random programs: the kernel, the interpreter and the JavaScript of one mind', () => {
  const start: Instruction[] = [0, 1, 2, 3].map((k) => ({ code: 0x02, jt: 0, jf: 0, k }));
  const end: Instruction[] = [
    { code: 0x07, jt: 0, jf: 0, k: 0 },
    { code: 0x16, jt: 0, jf: 0, k: 0 },
    { code: 0x06, jt: 0, jf: 0, k: 30 },
    { code: 0x06, jt: 0, jf: 0, k: 0 },
    { code: 0x06, jt: 0, jf: 0, k: 0xffff },
  ];
  let ran = 0;
  fc.assert(
    fc.property(body, (middle) => {
      const program: Program = [...start, ...middle.map((one) => ({ jt: 0, jf: 0, ...one })), ...end];
      // What the kernel would refuse (a shift by 32 and more) is refused here too.
      if (programFault(program) !== undefined) return;
      ran++;
      const some = packets.slice(0, 12);
      const kernels = inKernel(program, some);
      expect(here(interpreter(program), some)).toEqual(kernels);
      expect(here(compiled(program), some)).toEqual(kernels);
    }),
    { numRuns: 600 },
  );
  expect(ran).toBeGreaterThan(200);
});
