/**
 * The ICMP echo message and its checksum, step by step.
 *
 * Shows: type, code, checksum, id, sequence number; the sum of all 16-bit words with the carries added back, then its
 * complement; the receiver's sum over everything, checksum included, is all ones.
 * Root: not needed: nothing is sent.
 * Run: npm run example -- 40
 */
import { checksum, decodeIcmpv4, encodeIcmpv4, Icmpv4Type } from 'barewire/wire';

const hex = (value: number): string => `0x${value.toString(16).padStart(4, '0')}`;

// The handbook's ping: id 2, sequence number 4, 20 bytes of zeros. In network order, which the handbook forgot.
const message = new Uint8Array(28);
const view = new DataView(message.buffer);
view.setUint8(0, 8); // type: echo request
view.setUint8(1, 0); // code
view.setUint16(2, 0); // checksum: zero while it is computed
view.setUint16(4, 2); // id
view.setUint16(6, 4); // sequence number

let sum = 0;
for (let offset = 0; offset < message.length; offset += 2) {
  const word = view.getUint16(offset);
  sum += word;
  if (word !== 0) console.log(`+ ${hex(word)}  sum ${hex(sum)}`);
}
sum = (sum & 0xffff) + (sum >>> 16); // carries come back in at the bottom
const complement = ~sum & 0xffff;
console.log(`complement ${hex(complement)}: the checksum`);
view.setUint16(2, complement);

console.log(`the library agrees: ${hex(checksum(message.slice().fill(0, 2, 4)))}`);
console.log(`summed with the checksum in it, the complement is ${checksum(message)}: nothing was damaged`);

const same = encodeIcmpv4({ type: Icmpv4Type.ECHO_REQUEST, id: 2, seq: 4 }, new Uint8Array(20));
console.log(`encodeIcmpv4 makes the same bytes: ${same.every((byte, i) => byte === message[i])}`);
const decoded = decodeIcmpv4(message);
if (decoded.ok)
  console.log(`decoded: type ${decoded.type}, code ${decoded.code}, id ${decoded.id}, seq ${decoded.seq}`);
