/** What hellos and alerts say: those of this Node's OpenSSL, and extensions byte by byte; encoded again they are the same bytes. */
import { Duplex } from 'node:stream';
import { connect, TLSSocket } from 'node:tls';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat, fromHex } from '../../src/core/index.ts';
import {
  buildPacket,
  decodeApplication,
  decodePacket,
  decodeTlsAlert,
  decodeTlsHello,
  decodeTlsRecord,
  describePacket,
  describeTlsAlert,
  describeTlsExtension,
  encodeTlsAlert,
  encodeTlsHello,
  encodeTlsRecord,
  isGrease,
  type TlsClientHello,
  TlsContentType,
  type TlsExtensionValue,
  tlsExtensionValue,
  tlsName,
} from '../../src/wire/index.ts';

/** What is written first to a stream that nobody answers. */
function firstWrite(use: (stream: Duplex) => void): Promise<Uint8Array> {
  return new Promise((resolve) => {
    const stream = new Duplex({
      read() {},
      write(chunk: Uint8Array, _encoding, done) {
        resolve(Uint8Array.from(chunk));
        done();
      },
    });
    use(stream);
  });
}

async function clientHello(): Promise<{ bytes: Uint8Array; hello: TlsClientHello; payload: Uint8Array }> {
  const bytes = await firstWrite((socket) => {
    connect({ socket, servername: 'www.example.org', ALPNProtocols: ['h2', 'http/1.1'] }).on('error', () => {});
  });
  const record = decodeTlsRecord(bytes);
  if (!record.ok) throw new Error('no record');
  const hello = decodeTlsHello(record.payload);
  if (!hello.ok || hello.kind !== 'clientHello') throw new Error('no hello');
  return { bytes, hello, payload: record.payload };
}

function lineOf(payload: Uint8Array): string {
  const ends = { src: '192.0.2.1', dst: '192.0.2.2' };
  const tcp = { srcPort: 40000, dstPort: 443, flags: 0x18 };
  return describePacket(decodePacket(buildPacket({ ipv4: ends, tcp, payload }), 'raw'));
}

test('RFC 8446 §4.1.2: what OpenSSL says first, every extension of it, and the same bytes again', async () => {
  const { hello, payload, bytes } = await clientHello();
  expect(encodeTlsHello(hello)).toEqual(payload);
  const lines = hello.extensions.map((extension) => describeTlsExtension(extension, true));
  expect(lines).toContain('server_name "www.example.org"');
  expect(lines).toContain('application_layer_protocol_negotiation "h2" "http/1.1"');
  expect(lines).toContain('supported_versions TLS 1.3 TLS 1.2');
  expect(lines).toContain('extended_master_secret');
  expect(lines.find((line) => line.startsWith('supported_groups'))).toContain(' x25519');
  expect(lines.find((line) => line.startsWith('key_share'))).toContain('x25519');
  expect(lines.find((line) => line.startsWith('signature_algorithms'))).toContain('ecdsa_secp256r1_sha256');
  expect(hello.cipherSuites.map((suite) => tlsName('cipherSuite', suite))).toContain('TLS_AES_256_GCM_SHA384');
  for (const one of hello.extensions) expect(tlsName('extension', one.type)).not.toMatch(/^0x/);
  expect(lineOf(bytes)).toContain('ClientHello "www.example.org", alpn "h2" "http/1.1", TLS 1.3');
});

test('RFC 8446 §6: the alert of a server that has no certificate', async () => {
  const { bytes } = await clientHello();
  const answer = await firstWrite((stream) => {
    new TLSSocket(stream, { isServer: true }).on('error', () => {});
    stream.push(bytes);
  });
  const record = decodeTlsRecord(answer);
  if (!record.ok) throw new Error('no record');
  const alert = decodeTlsAlert(record.payload);
  if (!alert.ok) throw new Error('no alert');
  expect(describeTlsAlert(alert)).toBe('Alert fatal handshake_failure');
  expect(encodeTlsRecord(record, encodeTlsAlert(alert))).toEqual(answer);
  expect(lineOf(answer)).toMatch(/Alert fatal handshake_failure$/);
});

test('alerts that are cut, encrypted or unknown', () => {
  expect(decodeTlsAlert(fromHex('02'))).toMatchObject({ code: 'TRUNCATED', field: 'alert' });
  expect(decodeTlsAlert(new Uint8Array(26))).toMatchObject({ code: 'BAD_LENGTH', field: 'alert' });
  const alert = decodeTlsAlert(fromHex('03c8'));
  expect(alert.ok && describeTlsAlert(alert)).toBe('Alert level 3 0x00c8');
  const ends = { src: '192.0.2.1', dst: '192.0.2.2' };
  const payload = encodeTlsRecord({ type: TlsContentType.ALERT }, new Uint8Array(26));
  const packet = decodePacket(buildPacket({ ipv4: ends, tcp: { srcPort: 443, dstPort: 4000 }, payload }), 'raw');
  expect(decodeApplication(packet)).toBeUndefined();
});

type Sample = readonly [type: number, isClient: boolean, hex: string, value: TlsExtensionValue, line: string];

describe('extensions', () => {
  const samples: readonly Sample[] = [
    [0, true, '0006 00 0003 612e62', { kind: 'names', names: ['a.b'] }, 'server_name "a.b"'],
    [0, false, '', { kind: 'present' }, 'server_name'],
    [
      10,
      true,
      '0006 0a0a 001d 11ec',
      { kind: 'numbers', numbers: [0x0a0a, 29, 4588] },
      'supported_groups GREASE x25519 X25519MLKEM768',
    ],
    [13, true, '0002 0804', { kind: 'numbers', numbers: [0x0804] }, 'signature_algorithms rsa_pss_rsae_sha256'],
    [28, true, '4001', { kind: 'numbers', numbers: [0x4001] }, 'record_size_limit 16385'],
    [35, true, 'aabb', { kind: 'opaque', data: fromHex('aabb') }, 'session_ticket 0xaabb'],
    [43, false, '0304', { kind: 'numbers', numbers: [0x0304] }, 'supported_versions TLS 1.3'],
    [44, true, '0001 ff', { kind: 'opaque', data: fromHex('ff') }, 'cookie 0xff'],
    [45, true, '01 01', { kind: 'numbers', numbers: [1] }, 'psk_key_exchange_modes 1'],
    [
      51,
      true,
      '0006 001d 0002 beef',
      { kind: 'keyShares', shares: [{ group: 29, key: fromHex('beef') }] },
      'key_share x25519',
    ],
    [
      51,
      false,
      '001d 0002 beef',
      { kind: 'keyShares', shares: [{ group: 29, key: fromHex('beef') }] },
      'key_share x25519',
    ],
    [51, false, '0017', { kind: 'selected', number: 23 }, 'key_share secp256r1'],
    [41, false, '0000', { kind: 'selected', number: 0 }, 'pre_shared_key 0'],
    [
      41,
      true,
      '0007 0001 aa 00000005 0003 02 bbcc',
      {
        kind: 'preSharedKeys',
        identities: [{ identity: fromHex('aa'), obfuscatedAge: 5 }],
        binders: [fromHex('bbcc')],
      },
      'pre_shared_key 1 identities',
    ],
  ];

  test.each(samples)('%i, client %s: %s', (type, isClient, hex, value, line) => {
    const data = fromHex(hex);
    expect(tlsExtensionValue({ type, data }, isClient)).toEqual(value);
    expect(describeTlsExtension({ type, data }, isClient)).toBe(line);
    // A list that is cut is none; a ticket has no form of its own.
    if (type === 35) return;
    for (let end = 1; end < data.length; end++) {
      const cut = tlsExtensionValue({ type, data: data.subarray(0, end) }, isClient);
      // Two bytes of a server's share are a HelloRetryRequest's group.
      if (cut?.kind !== 'selected') expect(cut).toBeUndefined();
    }
  });

  test('any bytes are a value or stay bytes', () => {
    const types = fc.constantFrom(0, 10, 11, 13, 16, 23, 27, 28, 35, 41, 43, 44, 45, 50, 51, 0xff01, 77);
    fc.assert(
      fc.property(types, fc.boolean(), fc.uint8Array({ maxLength: 40 }), (type, isClient, data) => {
        expect(describeTlsExtension({ type, data }, isClient)).not.toBe('');
      }),
      { numRuns: 3000 },
    );
  });

  test('any hello comes back as it was', () => {
    const bytes = (max: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength: max });
    const extension = fc.record({ type: fc.nat(65535), data: bytes(20) });
    const common = {
      legacyVersion: fc.nat(65535),
      random: fc.uint8Array({ minLength: 32, maxLength: 32 }),
      sessionId: bytes(32),
    };
    const client = fc.record({
      ...common,
      kind: fc.constant('clientHello' as const),
      cipherSuites: fc.array(fc.nat(65535), { maxLength: 9 }),
      compressionMethods: bytes(3),
      extensions: fc.array(extension, { maxLength: 5 }),
    });
    const server = fc.record({
      ...common,
      kind: fc.constant('serverHello' as const),
      cipherSuite: fc.nat(65535),
      compressionMethod: fc.nat(255),
      extensions: fc.array(extension, { maxLength: 5 }),
    });
    fc.assert(
      fc.property(fc.oneof(client, server), (hello) => {
        const encoded = encodeTlsHello(hello);
        expect(decodeTlsHello(encoded)).toMatchObject(hello);
        for (const end of [0, 3, 20, encoded.length - 1]) expect(decodeTlsHello(encoded, 0, end).ok).toBe(false);
      }),
    );
  });

  test('RFC 8446 §4.1.2: bytes behind the extensions are a fault', () => {
    const body = fromHex(`0303${'00'.repeat(32)} 00 0002 1301 01 00 0000 ff`);
    expect(decodeTlsHello(concat([Uint8Array.of(1, 0, 0, body.length), body]))).toMatchObject({
      code: 'BAD_LENGTH',
      field: 'extensions',
    });
  });
});

test('RFC 8701 §2: sixteen numbers are grease', () => {
  const found = Array.from({ length: 65536 }, (_, i) => i).filter(isGrease);
  expect(found).toHaveLength(16);
  expect([found[0], found.at(-1)]).toEqual([0x0a0a, 0xfafa]);
});
