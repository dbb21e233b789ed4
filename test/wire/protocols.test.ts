/** Every protocol's packets say in one line what they are, and Wireshark reads the same values in them. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { encodePcap } from '../../src/capture/index.ts';
import { fromHex } from '../../src/core/index.ts';
import { decodePacket, describePacket, verifyChecksums } from '../../src/wire/index.ts';
import { protocolVectors } from '../vectors/all.ts';
import type { ProtocolVector } from '../vectors/protocol.ts';

describe.each(protocolVectors)('$name', ({ hex, linkType, line }) => {
  const packet = decodePacket(fromHex(hex), linkType);

  test('one line', () => {
    expect(describePacket(packet)).toBe(line);
  });

  test('its checksums are right', () => {
    const { ip, transport } = verifyChecksums(packet);
    expect(['good', 'absent']).toContain(ip);
    expect(['good', 'absent']).toContain(transport);
  });
});

const linkNumbers = { null: 0, ethernet: 1, raw: 101, sll: 113, sll2: 276 } as const;

function hasTshark(): boolean {
  try {
    execFileSync('tshark', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** All values of every field that one of the vectors names, a row a packet. */
function readWithTshark(vectors: readonly ProtocolVector[], linkType: number): Record<string, string>[] {
  const folder = mkdtempSync(join(tmpdir(), 'barewire-wire-'));
  try {
    const path = join(folder, 'vectors.pcap');
    const packets = vectors.map(({ hex }, i) => ({ t: BigInt(i) * 1_000_000_000n, bytes: fromHex(hex) }));
    writeFileSync(path, encodePcap(packets, { linkType }));
    const fields = [...new Set(vectors.flatMap(({ tshark }) => Object.keys(tshark)))];
    const checks = ['tcp', 'udp', 'ip'].map((layer) => `${layer}.check_checksum:TRUE`);
    const preferences = [...checks, 'udplite.check_checksum:TRUE', 'sctp.checksum:CRC-32C', 'sctp.relative_tsns:FALSE'];
    const text = execFileSync(
      'tshark',
      [
        '-n',
        '-r',
        path,
        '-T',
        'fields',
        '-E',
        'occurrence=a',
        ...preferences.flatMap((one) => ['-o', one]),
        ...fields.flatMap((field) => ['-e', field]),
      ],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    );
    const rows = text.split('\n').slice(0, vectors.length);
    return rows.map((row) => Object.fromEntries(row.split('\t').map((value, i) => [fields[i]!, value])));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('Wireshark reads the same', (ctx) => {
  if (!hasTshark()) return ctx.skip('tshark is not installed');
  for (const [name, number] of Object.entries(linkNumbers)) {
    const vectors = protocolVectors.filter(({ linkType }) => linkType === name);
    if (vectors.length === 0) continue;
    const rows = readWithTshark(vectors, number);
    const read = vectors.map(({ name, tshark }, i) => ({
      name,
      ...Object.fromEntries(Object.keys(tshark).map((field) => [field, rows[i]?.[field]])),
    }));
    expect(read).toEqual(vectors.map(({ name, tshark }) => ({ name, ...tshark })));
  }
}, 20_000);
