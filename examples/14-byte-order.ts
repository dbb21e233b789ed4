/**
 * Byte order: how this machine keeps the number 0x12345678 in memory.
 *
 * Shows: 78 56 34 12 on a little-endian machine (Intel, AMD, most ARM), 12 34 56 78 on a big-endian one and on the
 * wire.
 * Root: not needed.
 * Run: npm run example -- 14
 */
const number = Uint32Array.of(0x12345678);
const memory = new Uint8Array(number.buffer); // the same four bytes, one at a time

console.log(`0x12345678 in memory: ${[...memory].map((byte) => byte.toString(16)).join(' ')}`);
if (memory[0] === 0x78) console.log('Little-Endian: the low byte comes first');
else if (memory[0] === 0x12) console.log('Big-Endian: the high byte comes first');

const wire = new DataView(new ArrayBuffer(4));
wire.setUint32(0, 0x12345678); // network order is DataView's default
console.log(`0x12345678 on a wire: ${[...new Uint8Array(wire.buffer)].map((byte) => byte.toString(16)).join(' ')}`);
