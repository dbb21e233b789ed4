/** docs/protocols.md lists what is decoded; it is written from the tables (`npx vitest run test/wire/protocols-doc.test.ts -u`). */
import { expect, test } from 'vitest';
import * as wire from '../../src/wire/index.ts';
import { type ApplicationProtocol, applicationProtocols, DnsType, type HeaderTable } from '../../src/wire/index.ts';

function isTable(value: unknown): value is HeaderTable<unknown> {
  return typeof value === 'object' && value !== null && 'fixedBytes' in value && 'layer' in value && 'rfc' in value;
}

/** Without those of whole protocols over UDP and TCP, which have a list of their own. */
function headers(): HeaderTable<unknown>[] {
  const applications = new Set(applicationProtocols.map(({ name }) => name));
  const all: readonly unknown[] = Object.values(wire);
  return all
    .filter(isTable)
    .filter(({ layer }) => !applications.has(layer))
    .sort((a, b) => (a.layer < b.layer ? -1 : 1));
}

function headerRow({ layer, rfc, fixedBytes, fields }: HeaderTable<unknown>): string {
  const names = Object.keys(fields).map((name) => `\`${name}\``);
  return `| ${layer} | ${rfc} | ${fixedBytes} | ${names.join(' ')} |`;
}

function applicationRow({ name, transport, ports, rfc, looksLike }: ApplicationProtocol): string {
  return `| ${name} | ${rfc} | ${transport} | ${ports.join(' ')} | ${looksLike === undefined ? 'no' : 'yes'} |`;
}

function page(): string {
  return [
    '# Protocols',
    '',
    'What `decodePacket` and `decodeApplication` know, written from their tables; a test compares the two. Options and',
    'extensions of a header, and messages inside, are typed where the header’s file says so; what is not known is kept',
    'as bytes, and bytes that are not as the document says give a fault that names the field (see [errors](errors.md)).',
    '',
    '## Headers',
    '',
    '| layer | document | bytes without options | fields |',
    '|---|---|---|---|',
    ...headers().map(headerRow),
    '',
    '## Messages over UDP and TCP',
    '',
    'By port, which is a hint only; of some the bytes are looked at first. STUN is found on any UDP port by its magic number.',
    '',
    '| protocol | document | over | ports | bytes looked at |',
    '|---|---|---|---|---|',
    ...applicationProtocols.map(applicationRow),
    '',
    '## Types of DNS records with names',
    '',
    'Others are `TYPE1234`. Which have typed data: `DnsData`.',
    '',
    Object.keys(DnsType).join(', '),
    '',
  ].join('\n');
}

test('docs/protocols.md says what the tables say', async () => {
  await expect(page()).toMatchFileSnapshot('../../docs/protocols.md');
});
