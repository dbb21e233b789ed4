/** What every room stands on: bytes, checksum, sequence numbers, time, chance and faults. Imports nothing. */
export * from './bytes.ts';
export * from './checksum.ts';
export * from './clock.ts';
export * from './crc32c.ts';
export * from './fault.ts';
export * from './random.ts';
export * from './seq.ts';
