/**
 * Larger than the MTU: the kernel cuts what it heads itself, and refuses what you head.
 *
 * Shows: 4,000 bytes through a raw socket over a link with an MTU of 1,500 become three fragments, put together again
 * before the receiver gets them; the same with IP_HDRINCL is EMSGSIZE.
 * Root: not needed: the hosts are network namespaces.
 * Run: npm run example -- 39
 */
import { AF_INET, IP, SOCK_RAW, SocketError } from 'barewire';
import { makeLabHosts, reexecInUserNamespace } from 'barewire/os';
import { buildPacket, decodePacket } from 'barewire/wire';

const PROTOCOL = 253;
const IP_PMTUDISC_DONT = 0;

const code = await reexecInUserNamespace();
if (code !== null) process.exit(code);
const { client, server, close } = makeLabHosts({ mtu: 1500 });

client.device.onReceive((bytes) => {
  const { fragment, ipv4 } = decodePacket(bytes, 'raw');
  const more = fragment?.more === true ? 'more fragments follow' : 'the last';
  console.log(`  on the wire: ${bytes.length} bytes, offset ${fragment?.offset ?? 0}, ${more}, ttl ${ipv4?.ttl}`);
  server.device.send(bytes);
});

const receiver = server.host.socket(AF_INET, SOCK_RAW, PROTOCOL);
const sender = client.host.socket(AF_INET, SOCK_RAW, PROTOCOL);
sender.set(IP.MTU_DISCOVER, IP_PMTUDISC_DONT); // "do not fragment" is off
console.log(`sendto(4000 bytes) = ${await sender.sendto(new Uint8Array(4000), '10.77.0.2:0')}`);
const { data } = await receiver.recvfrom(65_535);
console.log(`recvfrom() = ${data.length}: one header of 20 and 4000 bytes`);

sender.set(IP.HDRINCL, true);
const whole = buildPacket({
  ipv4: { src: '10.77.0.1', dst: '10.77.0.2', protocol: PROTOCOL },
  payload: new Uint8Array(4000),
});
try {
  await sender.sendto(whole, '10.77.0.2:0');
} catch (error) {
  if (!(error instanceof SocketError)) throw error;
  console.log(`with IP_HDRINCL: ${error.code}: ${error.text}`);
}

receiver.close();
sender.close();
close();
