/**
 * Shows that the address structs of the smaller families have the bytes that a C compiler gives them from the kernel's
 * headers, that text and objects say the same, and that no bytes can make decoding throw.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeSockAddr,
  encodeSockAddr,
  formatSocketAddress,
  parseSocketAddress,
  type SocketAddress,
} from '../../src/addr/index.ts';
import { LITTLE_ENDIAN, toHex } from '../../src/core/index.ts';
import { hasCompiler } from '../options/c-headers.ts';

interface Row {
  readonly addr: SocketAddress;
  /** Null where the text does not say all of it. */
  readonly text: string | null;
  /** The struct and its initializer. */
  readonly c: readonly [struct: string, initializer: string];
}

const rows: readonly Row[] = [
  {
    addr: { family: 'vsock', cid: 2, port: 80 },
    text: 'vsock:2:80',
    c: ['sockaddr_vm', '.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_HOST, .svm_port = 80'],
  },
  {
    addr: { family: 'vsock', cid: 0xffff_ffff, port: 0xffff_ffff },
    text: 'vsock:any:any',
    c: ['sockaddr_vm', '.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY, .svm_port = VMADDR_PORT_ANY'],
  },
  {
    addr: { family: 'vsock', cid: 3, port: 70_000, flags: 1 },
    text: null,
    c: ['sockaddr_vm', '.svm_family = AF_VSOCK, .svm_cid = 3, .svm_port = 70000, .svm_flags = VMADDR_FLAG_TO_HOST'],
  },
  { addr: { family: 'can', ifindex: 3 }, text: 'can:3', c: ['sockaddr_can', '.can_family = AF_CAN, .can_ifindex = 3'] },
  {
    addr: { family: 'can', ifindex: 3, rxId: 0x18da_f110, txId: 0x7df },
    text: 'can:3:417001744:2015',
    c: [
      'sockaddr_can',
      '.can_family = AF_CAN, .can_ifindex = 3, .can_addr.tp.rx_id = 0x18daf110, .can_addr.tp.tx_id = 0x7df',
    ],
  },
  {
    addr: { family: 'can', ifindex: 3, j1939: { name: 0x0123_4567_89ab_cdefn, pgn: 0x40000, address: 0xff } },
    text: null,
    c: [
      'sockaddr_can',
      '.can_family = AF_CAN, .can_ifindex = 3, .can_addr.j1939 = { 0x0123456789abcdefULL, 0x40000, 0xff }',
    ],
  },
  {
    addr: { family: 'alg', type: 'hash', name: 'sha256' },
    text: 'alg:hash:sha256',
    c: ['sockaddr_alg', '.salg_family = AF_ALG, .salg_type = "hash", .salg_name = "sha256"'],
  },
  {
    addr: { family: 'alg', type: 'skcipher', name: 'cbc(aes)', features: 7, mask: 15 },
    text: null,
    c: [
      'sockaddr_alg',
      '.salg_family = AF_ALG, .salg_type = "skcipher", .salg_name = "cbc(aes)", .salg_feat = 7, .salg_mask = 15',
    ],
  },
  {
    addr: { family: 'xdp', ifindex: 3, queueId: 1 },
    text: 'xdp:3:1',
    c: ['sockaddr_xdp', '.sxdp_family = AF_XDP, .sxdp_ifindex = 3, .sxdp_queue_id = 1'],
  },
  {
    addr: { family: 'xdp', ifindex: 3, queueId: 1, flags: 9, sharedUmemFd: 17 },
    text: null,
    c: [
      'sockaddr_xdp',
      '.sxdp_family = AF_XDP, .sxdp_ifindex = 3, .sxdp_queue_id = 1, .sxdp_shared_umem_fd = 17, ' +
        '.sxdp_flags = XDP_SHARED_UMEM | XDP_USE_NEED_WAKEUP',
    ],
  },
  {
    addr: { family: 'tipc', kind: 'service', type: 18888, instance: 17 },
    text: 'tipc:service:18888:17',
    c: [
      'sockaddr_tipc',
      '.family = AF_TIPC, .addrtype = TIPC_SERVICE_ADDR, .addr.name.name = { .type = 18888, .instance = 17 }',
    ],
  },
  {
    addr: { family: 'tipc', kind: 'service', type: 18888, instance: 17, node: 5, scope: -2 },
    text: null,
    c: [
      'sockaddr_tipc',
      '.family = AF_TIPC, .addrtype = TIPC_SERVICE_ADDR, .scope = -TIPC_CLUSTER_SCOPE, ' +
        '.addr.name = { .name = { .type = 18888, .instance = 17 }, .domain = 5 }',
    ],
  },
  {
    addr: { family: 'tipc', kind: 'range', type: 18888, lower: 0, upper: 9 },
    text: 'tipc:range:18888:0:9',
    c: ['sockaddr_tipc', '.family = AF_TIPC, .addrtype = TIPC_SERVICE_RANGE, .addr.nameseq = { 18888, 0, 9 }'],
  },
  {
    addr: { family: 'tipc', kind: 'socket', ref: 77, node: 5 },
    text: 'tipc:socket:77:5',
    c: ['sockaddr_tipc', '.family = AF_TIPC, .addrtype = TIPC_SOCKET_ADDR, .addr.id = { .ref = 77, .node = 5 }'],
  },
  {
    addr: { family: 'qipcrtr', node: 1, port: 0xffff_fffe },
    text: 'qipcrtr:1:4294967294',
    c: ['sockaddr_qrtr', '.sq_family = AF_QIPCRTR, .sq_node = 1, .sq_port = QRTR_PORT_CTRL'],
  },
  {
    addr: { family: 'packet', ifindex: 2, protocol: 0x0800, hatype: 1, pkttype: 4, address: '02:00:00:00:00:01' },
    text: null,
    c: [
      'sockaddr_ll',
      '.sll_family = AF_PACKET, .sll_ifindex = 2, .sll_protocol = htons(ETH_P_IP), .sll_hatype = 1, ' +
        '.sll_pkttype = PACKET_OUTGOING, .sll_halen = 6, .sll_addr = { 2, 0, 0, 0, 0, 1 }',
    ],
  },
  {
    addr: { family: 'netlink', pid: 7, groups: 0x11 },
    text: null,
    c: ['sockaddr_nl', '.nl_family = AF_NETLINK, .nl_pid = 7, .nl_groups = 0x11'],
  },
];

const HEADERS = [
  ...['arpa/inet.h', 'string.h', 'stdio.h', 'sys/socket.h', 'linux/vm_sockets.h', 'linux/can.h', 'linux/if_alg.h'],
  ...['linux/if_xdp.h', 'linux/tipc.h', 'linux/qrtr.h', 'linux/if_packet.h', 'linux/if_ether.h', 'linux/netlink.h'],
];

/** The bytes of each row's struct, printed by a C program: cleared first, as programs do for padding's sake. */
function bytesInC(): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'barewire-sockaddr-'));
  try {
    const bodies = rows.map(({ c: [struct, initializer] }) => {
      return `{ struct ${struct} a; memset(&a, 0, sizeof a); a = (struct ${struct}){ ${initializer} }; show(&a, sizeof a); }`;
    });
    const source = [
      ...HEADERS.map((header) => `#include <${header}>`),
      'static void show(const void *p, size_t n) {',
      '  for (size_t i = 0; i < n; i++) printf("%02x", ((const unsigned char *)p)[i]);',
      '  puts("");',
      '}',
      `int main(void) { ${bodies.join('\n')} return 0; }`,
    ].join('\n');
    writeFileSync(join(folder, 'a.c'), source);
    execFileSync('cc', ['-o', join(folder, 'a'), join(folder, 'a.c')], { stdio: 'pipe' });
    return execFileSync(join(folder, 'a'), { encoding: 'utf8' }).trim().split('\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('address structs', () => {
  test('have the bytes of the C headers', (context) => {
    if (!hasCompiler()) return context.skip('no C compiler (cc) here');
    const encoded = rows.map(({ addr }) => {
      const { bytes, length } = encodeSockAddr(addr);
      return toHex(bytes.subarray(0, length));
    });
    expect(encoded).toEqual(bytesInC());
    return undefined;
  });

  test.each(rows)('$addr come back, in whatever buffer', ({ addr }) => {
    const { bytes, length } = encodeSockAddr(addr);
    expect(decodeSockAddr(bytes, length)).toEqual(addr.family === 'packet' ? { hatype: 0, pkttype: 0, ...addr } : addr);
    const dirty = new Uint8Array(200).fill(0xee);
    expect(encodeSockAddr(addr, dirty).bytes.subarray(0, length)).toEqual(bytes.subarray(0, length));
    expect(() => encodeSockAddr(addr, new Uint8Array(length - 1))).toThrow(/into: expected room for/);
  });

  test.each(rows.filter(({ text }) => text !== null))('$text', ({ addr, text }) => {
    expect(formatSocketAddress(addr)).toBe(text);
    expect(parseSocketAddress(text!)).toEqual(addr);
  });

  test('interfaces by name, where names can be looked up', () => {
    const ifindex = (name: string): number => (name === 'vcan0' ? 7 : 0);
    const ifname = (index: number): string | undefined => (index === 7 ? 'vcan0' : undefined);
    for (const text of ['can:vcan0', 'xdp:vcan0:3', 'packet:vcan0']) {
      const addr = parseSocketAddress(text, ifindex);
      expect(addr).toMatchObject({ ifindex: 7 });
      expect(formatSocketAddress(addr, ifname)).toBe(text);
      expect(() => parseSocketAddress(text)).toThrow(/interface: expected a number .* got 'vcan0'/);
      expect(() => parseSocketAddress(text, () => undefined)).toThrow(
        /expected an interface of this host, got 'vcan0'/,
      );
    }
  });

  test.each<[string, RegExp]>([
    ['vsock:2', /expected vsock:CID:PORT, got 'vsock:2'/],
    ['vsock:2:80:1', /expected vsock:CID:PORT/],
    ['vsock:x:80', /cid: expected a number, got 'x'/],
    ['vsock:2:4294967296', /port: expected a whole number from 0 to 4294967295, got 4294967296/],
    ['xdp:3', /expected xdp:INTERFACE:QUEUE/],
    ['alg:hash', /expected alg:TYPE:NAME/],
    ['tipc:1:2', /expected tipc:service:/],
    ['tipc:range:1:2', /expected tipc:range:TYPE:LOWER:UPPER/],
    ['qipcrtr:1', /expected qipcrtr:NODE:PORT/],
  ])('%s is refused by name of what is wrong', (text, message) => {
    expect(() => parseSocketAddress(text)).toThrow(message);
  });

  test('fields that cannot be are named', () => {
    const encode = (addr: unknown) => () => encodeSockAddr(addr as SocketAddress);
    expect(encode({ family: 'vsock', cid: -1, port: 1 })).toThrow(/cid: .*got -1/);
    expect(encode({ family: 'vsock', cid: 1, port: 1, flags: 256 })).toThrow(/flags: .*got 256/);
    expect(encode({ family: 'vsock', cid: 1 })).toThrow(/port: .*got undefined/);
    expect(encode({ family: 'alg', type: 'x'.repeat(14), name: 'n' })).toThrow(
      /type: expected at most 13 bytes, got 14/,
    );
    expect(encode({ family: 'alg', type: 'hash', name: 'a\0' })).toThrow(/name: expected no NUL/);
    expect(encode({ family: 'alg', type: 'hash' })).toThrow(/name: expected a text, got undefined/);
    expect(encode({ family: 'can', ifindex: 1, rxId: 1, j1939: { name: 0n, pgn: 1, address: 1 } })).toThrow(/j1939/);
    expect(encode({ family: 'can', ifindex: 1, j1939: { name: 1, pgn: 1, address: 1 } })).toThrow(
      /j1939.name: .*got 1/,
    );
    expect(encode({ family: 'xdp', ifindex: 1, queueId: 1.5 })).toThrow(/queueId: .*got 1.5/);
    expect(encode({ family: 'tipc', kind: 'x' })).toThrow(/kind: expected service, range or socket, got 'x'/);
    expect(encode({ family: 'tipc', kind: 'socket', ref: 1, node: 1, scope: 200 })).toThrow(/scope: .*got 200/);
    expect(encode({ family: 'packet', ifindex: 1, protocol: 3, pkttype: 256 })).toThrow(/pkttype: .*got 256/);
    expect(encode({ family: 'raw', number: 70_000, data: new Uint8Array(0) })).toThrow(/number: .*got 70000/);
  });

  test('any bytes decode, and what decodes to a family has the same meaning when encoded again', () => {
    const numbers = [16, 17, 29, 30, 38, 40, 42, 44, 45];
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 2, maxLength: 128 }),
        fc.constantFrom(...numbers),
        fc.nat(140),
        (bytes, family, length) => {
          bytes.set(LITTLE_ENDIAN ? [family, 0] : [0, family]);
          const addr = decodeSockAddr(bytes, length);
          expect(typeof formatSocketAddress(addr)).toBe('string');
          if (addr.family === 'raw' && addr.data.length > 126) return;
          const again = encodeSockAddr(addr);
          expect(decodeSockAddr(again.bytes, again.length)).toEqual(addr);
        },
      ),
      { numRuns: 3000 },
    );
  });
});
