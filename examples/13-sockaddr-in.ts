/**
 * struct sockaddr_in: the 16 bytes that bind() and connect() hand to the kernel.
 *
 * Shows: the family in this machine's byte order, port and address in network order, eight zeros. And that forgetting
 * htons means another port.
 * Root: not needed.
 * Run: npm run example -- 13
 */
import { decodeSockAddr, encodeSockAddr } from 'barewire/addr';

const { bytes, length } = encodeSockAddr({ family: 'inet', address: '127.0.0.1', port: 8888 });
const hex = (from: number, to: number): string =>
  [...bytes.subarray(from, to)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');

console.log(`sizeof(struct sockaddr_in) = ${length}`);
console.log(`sin_family  ${hex(0, 2)}                    AF_INET = 2, in this machine's order`);
console.log(`sin_port    ${hex(2, 4)}                    8888 = 0x22b8, in network order`);
console.log(`sin_addr    ${hex(4, 8)}              127.0.0.1, in network order`);
console.log(`sin_zero    ${hex(8, 16)}  nothing`);

// What a program does that stores the port without htons on a little-endian machine.
new DataView(bytes.buffer, bytes.byteOffset).setUint16(2, 8888, true);
console.log(`without htons: ${JSON.stringify(decodeSockAddr(bytes, length))}`);

const unix = encodeSockAddr({ family: 'unix', path: '/run/x' });
console.log(`another family, another struct: sockaddr_un with a path takes ${unix.length} bytes`);
