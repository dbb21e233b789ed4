/** Whatever the bytes: decoding, describing and verifying end without throwing, and encoding gives the bytes again. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeSockAddr, formatSocketAddress } from '../../src/addr/index.ts';
import { equal, fromHex } from '../../src/core/index.ts';
import {
  decodePacket,
  decodeTcpOptions,
  describePacket,
  encodePacket,
  type LinkType,
  verifyChecksums,
} from '../../src/wire/index.ts';
import { allVectors } from '../vectors/all.ts';

const seed = Date.now() & 0x7fff_ffff;
const vectors = allVectors.map(({ hex, linkType }) => ({ bytes: fromHex(hex), linkType: linkType as LinkType }));

function checkAll(bytes: Uint8Array, linkType: LinkType, wireLength: number = bytes.length): void {
  const before = bytes.slice();
  const packet = decodePacket(bytes, linkType, { wireLength });
  describePacket(packet);
  describePacket(packet, { verbose: true });
  verifyChecksums(packet);
  JSON.stringify(packet);
  expect(equal(encodePacket(packet), bytes)).toBe(true);
  expect(equal(bytes, before)).toBe(true);
}

const linkTypes: readonly LinkType[] = ['ethernet', 'raw', 'ipv4', 'ipv6', 'sll', 'sll2', 'null'];

test(`random bytes (seed ${seed})`, () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(...linkTypes), (bytes, linkType) =>
      checkAll(bytes, linkType),
    ),
    { seed, numRuns: 3000 },
  );
});

test(`random bytes behind a good first nibble and protocol (seed ${seed})`, () => {
  const protocols = [0, 1, 2, 4, 6, 17, 41, 43, 44, 47, 50, 51, 58, 59, 60, 132, 136, 137];
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 41, maxLength: 160 }),
      fc.constantFrom(...protocols),
      fc.boolean(),
      (bytes, next, six) => {
        bytes[0] = six ? 0x60 : 0x45;
        bytes[six ? 6 : 9] = next;
        bytes[six ? 4 : 2] = 0;
        if (!six) bytes.fill(0, 6, 8);
        checkAll(bytes, 'raw');
      },
    ),
    { seed, numRuns: 6000 },
  );
});

test(`vectors with bytes changed, cut or added (seed ${seed})`, () => {
  const edits = fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(
      fc.constantFrom(...vectors),
      edits,
      fc.nat(250),
      fc.uint8Array({ maxLength: 8 }),
      (vector, changes, length, tail) => {
        const bytes = new Uint8Array([...vector.bytes.subarray(0, Math.max(1, length)), ...tail]);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        checkAll(bytes, vector.linkType);
        checkAll(bytes, vector.linkType, bytes.length + 100);
      },
    ),
    { seed, numRuns: 6000 },
  );
});

test(`option lists and socket addresses (seed ${seed})`, () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 128 }), (bytes) => {
      decodeTcpOptions(bytes);
      formatSocketAddress(decodeSockAddr(bytes));
    }),
    { seed, numRuns: 3000 },
  );
});
