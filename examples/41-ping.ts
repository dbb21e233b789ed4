/**
 * ping: ICMP echo over a raw socket.
 *
 * Shows: four requests and their replies with sequence number, TTL and time. The raw socket gets every ICMP message of
 * the host, on loopback also its own requests: what is not our reply is passed over.
 * Root: not needed for loopback, in a namespace of its own. As root, `npm run example -- 41 ADDRESS` pings that
 * address.
 * Run: npm run example -- 41
 */
import { AF_INET, type Host, IPPROTO_ICMP, inet_aton, kernel, SOCK_RAW, SocketError } from 'barewire';
import { NetworkNamespace, reexecInUserNamespace } from 'barewire/os';
import { decodePacket, encodeIcmpv4, Icmpv4Type } from 'barewire/wire';

const REQUESTS = 4;
const target = process.argv[2] ?? '127.0.0.1';
if (inet_aton(target) === null) {
  console.error(`bad ip address ${target}`);
  process.exit(1);
}

let host: Host = kernel;
if (process.argv[2] === undefined) {
  const code = await reexecInUserNamespace();
  if (code !== null) process.exit(code);
  host = NetworkNamespace.create('lesson', { loopback: true });
}

const socket = host.socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
const id = process.pid & 0xffff; // tells our replies from those of another ping

for (let seq = 1; seq <= REQUESTS; seq++) {
  const sentAt = performance.now();
  await socket.sendto(encodeIcmpv4({ type: Icmpv4Type.ECHO_REQUEST, id, seq }, new Uint8Array(20)), `${target}:0`);
  try {
    console.log(await reply(seq, sentAt));
  } catch (error) {
    if (!(error instanceof SocketError) || error.code !== 'ERR_SOCKET_TIMEOUT') throw error;
    console.log(`${seq} no reply within a second`);
  }
}
socket.close();

async function reply(seq: number, sentAt: number): Promise<string> {
  for (;;) {
    const { data } = await socket.recvfrom(1500, { timeoutMs: 1000 });
    const { ipv4, icmp } = decodePacket(data, 'raw');
    if (ipv4 === undefined || icmp?.layer !== 'icmpv4') continue;
    if (icmp.type !== Icmpv4Type.ECHO_REPLY || icmp.id !== id || icmp.seq !== seq) continue;
    const ms = (performance.now() - sentAt).toFixed(2);
    return `${seq} reply from ${ipv4.src}: ${data.length} bytes, icmp_seq=${icmp.seq} ttl=${ipv4.ttl} time=${ms} ms`;
  }
}
