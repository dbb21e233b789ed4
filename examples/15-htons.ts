/**
 * htons, htonl, ntohs, ntohl: between this machine's order and the network's.
 *
 * Shows: on a little-endian machine they swap the bytes, on a big-endian one they do nothing; twice is nothing on both;
 * port 8888 sent without htons is port 47138.
 * Root: not needed.
 * Run: npm run example -- 15
 */
import { htonl, htons, ntohl, ntohs } from 'barewire/addr';

const hex = (value: number, digits: number): string => `0x${value.toString(16).padStart(digits, '0')}`;

console.log(`htons(0x22b8)     = ${hex(htons(0x22b8), 4)}`);
console.log(`ntohs(0xb822)     = ${hex(ntohs(0xb822), 4)}`);
console.log(`htonl(0x12345678) = ${hex(htonl(0x12345678), 8)}`);
console.log(`ntohl(0x78563412) = ${hex(ntohl(0x78563412), 8)}`);
console.log(`ntohs(htons(8888)) = ${ntohs(htons(8888))}: there and back`);
console.log(`the port that a SYN goes to when htons(8888) is forgotten: ${htons(8888)}`);
console.log('In barewire addresses carry plain numbers: {port: 8888} needs no htons.');
