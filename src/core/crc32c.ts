/** CRC-32C, the Castagnoli polynomial in reflected order: SCTP's checksum (RFC 9260 appendix A). */

const table: Uint32Array = new Uint32Array(256);
for (let i = 0; i < 256; i++) {
  let crc = i;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  table[i] = crc >>> 0;
}

/**
 * CRC-32C of `bytes[offset … end)`.
 * @param initial the CRC of what comes before, to go on from there
 * @returns the complemented CRC, 0…0xffffffff; SCTP writes it least significant byte first
 */
export function crc32c(bytes: Uint8Array, offset: number = 0, end: number = bytes.length, initial: number = 0): number {
  let crc = ~initial;
  for (let i = offset; i < end; i++) crc = table[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}
