/** DNS, DHCP, NTP and the hellos of TLS: messages come out as sent, cut ones are faults at every byte, and no bytes make the decoders throw. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat, equal, fromHex } from '../../src/core/index.ts';
import {
  type ApplicationMessage,
  buildPacket,
  type DhcpOption,
  decodeApplication,
  decodeDhcpv4,
  decodeDns,
  decodeNtp,
  decodePacket,
  decodeTlsHello,
  decodeTlsRecord,
  describePacket,
  describeTlsHello,
  dhcpOptionValue,
  encodeDns,
  encodeNtp,
  encodeTlsRecord,
  NtpPacket,
  ntpTimeMs,
} from '../../src/wire/index.ts';
import { applicationVectors } from '../vectors/applications.ts';

function payloadOf(name: string): Uint8Array {
  const vector = applicationVectors.find((one) => one.name === name);
  if (vector === undefined) throw new Error(`no vector '${name}'`);
  return decodePacket(fromHex(vector.hex), vector.linkType).payload;
}

function messageOf(payload: Uint8Array, port: number): ApplicationMessage {
  const ends = { src: '192.0.2.1', dst: '192.0.2.2' };
  const packet = decodePacket(buildPacket({ ipv4: ends, udp: { srcPort: 40000, dstPort: port }, payload }), 'raw');
  const message = decodeApplication(packet);
  if (message === undefined || !message.ok) throw new Error('not understood');
  return message;
}

describe('DNS', () => {
  test.each(['DNS query', 'DNS answer with every kind of record', 'DNS no such name', 'multicast DNS'])(
    '%s: encoding what was decoded gives the same bytes',
    (name) => {
      const payload = payloadOf(name);
      const message = decodeDns(payload);
      if (!message.ok) throw new Error('not understood');
      expect(encodeDns(message)).toEqual(payload);
    },
  );

  test('RFC 1035 §4.1.4: compressed names, in records too', () => {
    const message = messageOf(payloadOf('DNS answer with compressed names'), 53);
    expect(message).toMatchObject({
      kind: 'dns',
      answers: [
        { name: 'www.example.org', type: 5, ttl: 300, data: { kind: 'name', name: 'host.example.org' } },
        { name: 'host.example.org', type: 1, data: { kind: 'address', address: '192.0.2.80' } },
      ],
    });
    if (message.kind !== 'dns') throw new Error('not DNS');
    expect(decodeDns(encodeDns(message))).toMatchObject({ answers: message.answers });
  });

  test('a name that points at itself is a fault; one in a record’s data leaves that raw', () => {
    const head = '000700000001000000000000';
    expect(decodeDns(fromHex(`${head}c00c00010001`))).toMatchObject({ code: 'BAD_VALUE', field: 'name' });
    const answer = decodeDns(fromHex('000780000000000100000000 00 0005 0001 00000000 0002 c017'.replaceAll(' ', '')));
    expect(answer).toMatchObject({ ok: true, answers: [{ data: { kind: 'raw', data: fromHex('c017') } }] });
  });

  test.each(applicationVectors.filter(({ name }) => /DNS/.test(name)).map(({ name }) => name))(
    '%s, cut anywhere, is a fault',
    (name) => {
      const payload = payloadOf(name);
      for (let end = 0; end < payload.length; end++) expect(decodeDns(payload, 0, end)).toMatchObject({ ok: false });
    },
  );

  test('any bytes behind a header that promises records: an answer or a fault, and its line', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 120 }),
        fc.constantFrom(1, 2, 5, 6, 15, 16, 28, 33, 41, 65, 257),
        (tail, type) => {
          const bytes = Uint8Array.from([
            0,
            1,
            128,
            0,
            0,
            0,
            0,
            2,
            0,
            0,
            0,
            0,
            0,
            type >>> 8,
            type,
            0,
            1,
            0,
            0,
            0,
            0,
            0,
          ]);
          const payload = Uint8Array.from([...bytes, tail.length, ...tail, ...tail]);
          const message = decodeDns(payload);
          if (message.ok) expect(decodeDns(encodeDns(message))).toMatchObject({ answers: message.answers });
          const ends = { src: '192.0.2.1', dst: '192.0.2.2' };
          describePacket(decodePacket(buildPacket({ ipv4: ends, udp: { srcPort: 53, dstPort: 1 }, payload }), 'raw'));
        },
      ),
      { numRuns: 3000 },
    );
  });

  test('what is no DNS stays a datagram', () => {
    const ends = { src: '192.0.2.1', dst: '192.0.2.2' };
    const bytes = buildPacket({ ipv4: ends, udp: { srcPort: 1, dstPort: 53 }, payload: Uint8Array.of(1, 2) });
    expect(describePacket(decodePacket(bytes, 'raw'))).toBe('IP 192.0.2.1.1 > 192.0.2.2.53: UDP, length 2');
  });
});

describe('NTP', () => {
  test('RFC 5905 §7.3: the header gives its own bytes again', () => {
    for (const name of ['NTP client', 'NTP server with an authenticator']) {
      const payload = payloadOf(name);
      const ntp = decodeNtp(payload);
      if (!(ntp instanceof NtpPacket)) throw new Error('not understood');
      expect(encodeNtp(ntp, ntp.payload)).toEqual(payload);
      for (let end = 0; end < 48; end++) expect(decodeNtp(payload, 0, end)).toMatchObject({ code: 'TRUNCATED' });
    }
    expect(decodeNtp(new Uint8Array(48).fill(6))).toMatchObject({ code: 'UNSUPPORTED', field: 'mode' });
  });

  test('RFC 5905 §6, RFC 4330 §3: seconds since 1900, and after 2036', () => {
    expect(ntpTimeMs(2_208_988_800, 0x8000_0000)).toBe(500);
    expect(new Date(ntpTimeMs(0, 1)).getUTCFullYear()).toBe(2036);
    expect(ntpTimeMs(0, 0)).toBeNaN();
  });
});

describe('DHCP', () => {
  test('RFC 2131 §2, RFC 2132: what an offer says', () => {
    const offer = decodeDhcpv4(payloadOf('DHCP offer'));
    if (!offer.ok) throw new Error('not understood');
    const { options } = offer;
    if ('ok' in options) throw new Error('options not understood');
    const option = (wanted: number): DhcpOption => options.find(({ code }) => code === wanted)!;
    expect([offer.messageType, offer.clientHardware, offer.yourAddress]).toEqual([2, '02:00:00:00:00:01', '192.0.2.1']);
    expect([dhcpOptionValue(option(6)), dhcpOptionValue(option(51))]).toEqual([['8.8.8.8', '8.8.4.4'], 3600]);
  });

  test('cut anywhere it is a fault; other bytes than the magic ones too', () => {
    const payload = payloadOf('DHCP offer');
    for (let end = 0; end < payload.length; end++) {
      const dhcp = decodeDhcpv4(payload, 0, end);
      expect(dhcp.ok ? dhcp.options : dhcp).toMatchObject({ code: 'TRUNCATED' });
    }
    payload[239] = 0;
    expect(decodeDhcpv4(payload)).toMatchObject({ code: 'BAD_MAGIC', field: 'magic' });
  });
});

describe('TLS', () => {
  test('RFC 8446 §4.1.2: what Node says first, and every part of it is a fault', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const options = { host: '127.0.0.1', port, servername: 'www.example.org', ALPNProtocols: ['h2', 'http/1.1'] };
    const client = connectTls(options).on('error', () => {});
    const [socket] = (await once(server, 'connection')) as [Socket];
    const [data] = (await once(socket, 'data')) as [Buffer];
    client.destroy();
    socket.destroy();
    server.close();
    const bytes = Uint8Array.from(data);
    const record = decodeTlsRecord(bytes);
    if (!record.ok) throw new Error('not understood');
    expect(equal(encodeTlsRecord(record, record.payload), bytes)).toBe(true);
    const hello = decodeTlsHello(record.payload);
    expect(hello).toMatchObject({
      kind: 'clientHello',
      serverName: 'www.example.org',
      applicationProtocols: ['h2', 'http/1.1'],
      versions: [0x0304, 0x0303],
      compressionMethods: Uint8Array.of(0),
    });
    expect(hello.ok && describeTlsHello(hello)).toBe('ClientHello "www.example.org", alpn "h2" "http/1.1", TLS 1.3');
    for (let end = 0; end < bytes.length; end++) {
      expect(decodeTlsRecord(bytes, 0, end)).toMatchObject({ code: 'TRUNCATED' });
      if (end < record.payload.length)
        expect(decodeTlsHello(record.payload, 0, end)).toMatchObject({ code: 'TRUNCATED' });
    }
  });

  test('RFC 8446 §4.1.3: a server’s choice', () => {
    const random = '00'.repeat(32);
    const body = fromHex(`0303${random}00130100 000f 002b00020304 0010000500030268 32`.replaceAll(' ', ''));
    const hello = decodeTlsHello(concat([Uint8Array.of(2, 0, 0, body.length), body]));
    expect(hello).toMatchObject({
      kind: 'serverHello',
      cipherSuite: 0x1301,
      versions: [0x0304],
      applicationProtocols: ['h2'],
    });
    expect(hello.ok && describeTlsHello(hello)).toBe('ServerHello cipher 0x1301, alpn "h2", TLS 1.3');
    expect(decodeTlsHello(fromHex('0b000000'))).toMatchObject({ code: 'UNSUPPORTED' });
  });

  test('any bytes end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), fc.constantFrom(1, 2), (tail, type) => {
        const hello = decodeTlsHello(Uint8Array.from([type, 0, 0, tail.length, ...tail]));
        if (hello.ok) describeTlsHello(hello);
        decodeTlsRecord(tail);
        const dhcp = decodeDhcpv4(tail);
        if (dhcp.ok) JSON.stringify(dhcp);
      }),
      { numRuns: 2000 },
    );
  });
});
