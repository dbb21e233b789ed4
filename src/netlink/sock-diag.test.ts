/** The socket table of the kernel: struct inet_diag_msg byte by byte, and the sockets of this process. sock_diag(7). */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LITTLE_ENDIAN } from '../core/index.ts';
import { kernel } from '../os/kernel.ts';
import { AF_INET, AF_INET6, SOCK_DGRAM, SOCK_STREAM } from '../socket/index.ts';
import { NetlinkWriter } from './message.ts';
import { decodeDiagMessage, encodeDiagRequest, SockDiag } from './sock-diag.ts';

describe('struct inet_diag_msg', () => {
  const body = new NetlinkWriter()
    .u8(AF_INET)
    .u8(3)
    .u8(1)
    .u8(2)
    .net16(80)
    .net16(5000)
    .bytes(Uint8Array.of(10, 77, 0, 2))
    .zeros(12)
    .bytes(Uint8Array.of(10, 77, 0, 1))
    .zeros(12)
    .u32(4)
    .u32(5)
    .u32(1)
    .u32(1500)
    .u32(6)
    .u32(7)
    .u32(8)
    .u32(9)
    .finish();

  test('every field has its place', () => {
    expect(decodeDiagMessage(body, 'tcp')).toEqual({
      ok: true,
      row: {
        family: 'inet',
        protocol: 'tcp',
        state: 'SYN-RECEIVED',
        source: { address: '10.77.0.2', port: 80 },
        target: { address: '10.77.0.1', port: 5000 },
        ifindex: 4,
        cookie: 2 ** 32 + 5,
        timer: 'rto',
        retransmits: 2,
        expiresMs: 1500,
        rqueue: 6,
        wqueue: 7,
        uid: 8,
        inode: 9,
      },
    });
  });

  test('cut or strange messages are faults', () => {
    for (let length = 0; length < body.length; length++) {
      expect(decodeDiagMessage(body.subarray(0, length), 'tcp')).toMatchObject({ ok: false, code: 'TRUNCATED' });
    }
    const changed = (at: number, value: number): Uint8Array => body.map((byte, i) => (i === at ? value : byte));
    expect(decodeDiagMessage(changed(0, 77), 'tcp')).toMatchObject({ code: 'BAD_VALUE', field: 'family', have: 77 });
    expect(decodeDiagMessage(changed(1, 99), 'tcp')).toMatchObject({ code: 'BAD_VALUE', field: 'state', have: 99 });
    fc.assert(fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => void decodeDiagMessage(bytes, 'udp')));
  });

  test('the request is struct inet_diag_req_v2', () => {
    expect(encodeDiagRequest('inet6', 'udp').length).toBe(56);
    const head = (query: { tcpInfo?: boolean; bound?: boolean }): number[] => [
      ...encodeDiagRequest('inet', 'tcp', query).subarray(0, 8),
    ];
    expect(head({ tcpInfo: true, bound: true })).toEqual([2, 6, 2, 0, 255, 255, 255, 255]);
    expect(head({})).toEqual([2, 6, 0, 0, ...(LITTLE_ENDIAN ? [255, 223, 255, 255] : [255, 255, 223, 255])]);
  });
});

describe('this kernel', () => {
  test('a listener, both ends of a connection and a UDP socket are in the table', () => {
    using diag = new SockDiag(kernel);
    using listener = kernel.socket(AF_INET6, SOCK_STREAM);
    listener.bind('[::1]:0');
    listener.listen(5);
    const at = listener.getsockname();
    if (at.family !== 'inet6') throw new Error('not an IPv6 address');
    using client = kernel.socket(AF_INET6, SOCK_STREAM);
    client.connectSync(at);
    using udp = kernel.socket(AF_INET, SOCK_DGRAM);
    udp.bind('127.0.0.1:0');
    const udpAt = udp.getsockname();
    if (udpAt.family !== 'inet') throw new Error('not an IPv4 address');

    const tcp = diag.sockets({ protocol: 'tcp', family: 'inet6', tcpInfo: true });
    // A port may still have connections in TIME-WAIT from whoever had it before.
    const here = tcp
      .filter((row) => row.state !== 'TIME-WAIT')
      .filter((row) => row.source.port === at.port || row.target.port === at.port);
    expect(here.map((row) => row.state).sort()).toEqual(['ESTABLISHED', 'ESTABLISHED', 'LISTEN']);
    const listening = here.find((row) => row.state === 'LISTEN');
    expect(listening).toMatchObject({ source: { address: '::1' }, rqueue: 1, wqueue: 5, retransmits: 0 });
    const connected = here.find((row) => row.target.port === at.port);
    expect(connected?.inode).toBeGreaterThan(0);
    expect(connected?.tcpInfo?.length).toBeGreaterThan(100);
    const datagrams = diag.sockets({ protocol: 'udp', family: 'inet' });
    expect(datagrams.find((row) => row.source.port === udpAt.port)).toMatchObject({ state: 'CLOSED', protocol: 'udp' });
  });

  test('many sockets come in several parts, each exactly once', () => {
    using diag = new SockDiag(kernel);
    const sockets = Array.from({ length: 600 }, () => kernel.socket(AF_INET, SOCK_STREAM));
    try {
      const ports = sockets.map((socket) => {
        socket.bind('127.0.0.1:0');
        socket.listen(1);
        const at = socket.getsockname();
        return at.family === 'inet' ? at.port : 0;
      });
      const seen = diag.sockets({ protocol: 'tcp', family: 'inet' }).filter((row) => ports.includes(row.source.port));
      expect(
        seen
          .filter((row) => row.state === 'LISTEN')
          .map((row) => row.source.port)
          .sort((a, b) => a - b),
      ).toEqual(ports.sort((a, b) => a - b));
    } finally {
      for (const socket of sockets) socket.close();
    }
  });

  test('a closed table says EBADF', () => {
    const diag = new SockDiag(kernel);
    diag.close();
    diag.close();
    expect(() => diag.sockets()).toThrow(expect.objectContaining({ code: 'EBADF' }));
  });
});
