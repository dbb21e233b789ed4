/**
 * inet_addr and its younger brothers: text to 32 bits and back.
 *
 * Shows: inet_addr reads more forms than four decimal numbers, and cannot tell an error from 255.255.255.255; inet_aton
 * can; inet_pton is strict, reads IPv6 too, and is the one to use.
 * Root: not needed.
 * Run: npm run example -- 16
 */

import { AF_INET, AF_INET6 } from 'barewire';
import { INADDR_NONE, inet_addr, inet_aton, inet_ntoa, inet_ntop, inet_pton, ntohl } from 'barewire/addr';

const hex = (value: number): string => `0x${(value >>> 0).toString(16).padStart(8, '0')}`;

const address = inet_addr('192.168.1.1');
console.log(`inet_addr("192.168.1.1")  = ${hex(address)}, in host order ${hex(ntohl(address))}`);
console.log(`inet_ntoa of it           = ${inet_ntoa(address)}`);

console.log(`inet_addr("127.1")        = ${inet_ntoa(inet_addr('127.1'))}`);
console.log(`inet_addr("010.0.0.1")    = ${inet_ntoa(inet_addr('010.0.0.1'))}: a leading 0 means octal`);
console.log(`inet_addr("no address")   = ${hex(inet_addr('no address'))} = INADDR_NONE`);
console.log(`inet_addr("255.255.255.255") is INADDR_NONE, too: ${inet_addr('255.255.255.255') === INADDR_NONE}`);
console.log(`inet_aton can tell them apart: ${inet_aton('no address')} and ${hex(inet_aton('255.255.255.255') ?? 0)}`);

console.log(`inet_pton(AF_INET, "010.0.0.1") = ${String(inet_pton(AF_INET, '010.0.0.1'))}: strict`);
const bytes = inet_pton(AF_INET6, '2001:db8::1');
console.log(`inet_pton(AF_INET6, "2001:db8::1") gives ${bytes?.length} bytes`);
if (bytes !== null) console.log(`inet_ntop of them         = ${inet_ntop(AF_INET6, bytes)}`);
