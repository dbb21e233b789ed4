/**
 * A sniffer and its selector: ETH_P_IP, ETH_P_ARP, ETH_P_ALL see different rows of the same traffic.
 *
 * Shows: packet sockets on a pair of Ethernet interfaces (veth). One UDP datagram to a neighbour makes an ARP question,
 * its answer and an IPv4 packet. ETH_P_ALL also sees what the host sends; the others see only what comes in.
 * Root: not needed: the lesson makes network namespaces of its own, so no real interface is listened to.
 * Run: npm run example -- 10
 */
import { AF_INET, AF_PACKET, htons, SOCK_DGRAM, SOCK_RAW } from 'barewire';
import { Rtnetlink } from 'barewire/netlink';
import { NetworkNamespace, reexecInUserNamespace } from 'barewire/os';
import { describeBytes } from 'barewire/wire';

const ETH_P_ALL = 0x0003;
const ETH_P_IP = 0x0800;
const ETH_P_ARP = 0x0806;
const ETH_P_RARP = 0x8035;
const ETH_P_PAE = 0x888e;

const code = await reexecInUserNamespace();
if (code !== null) process.exit(code);

// Two hosts with a cable between them.
const a = NetworkNamespace.create('a');
const b = NetworkNamespace.create('b');
const inA = new Rtnetlink(a);
const inB = new Rtnetlink(b);
inA.addVeth({ name: 'eth0' }, { name: 'eth0', netnsFd: b.fd });
for (const [route, address] of [
  [inA, '10.9.0.1/24'],
  [inB, '10.9.0.2/24'],
] as const) {
  const { index } = route.link('eth0');
  route.setLink(index, { up: true, ipv6AddrGenMode: 1 });
  route.addAddress(index, address);
}

const selectors = { ETH_P_IP, ETH_P_ARP, ETH_P_RARP, ETH_P_PAE, ETH_P_ALL };
const sniffers = Object.entries(selectors).map(([name, protocol]) => {
  const socket = b.socket(AF_PACKET, SOCK_RAW, htons(protocol));
  return { name, socket };
});

const receiver = b.socket(AF_INET, SOCK_DGRAM);
receiver.bind('10.9.0.2:9999');
const sender = a.socket(AF_INET, SOCK_DGRAM);
await sender.sendto('hello', '10.9.0.2:9999');
await receiver.recvfrom(1024);

const buffer = new Uint8Array(2048);
for (const { name, socket } of sniffers) {
  console.log(`${name} (0x${selectors[name as keyof typeof selectors].toString(16).padStart(4, '0')})`);
  let count = 0;
  for (let seen = socket.tryRecvfrom(buffer); seen !== null; seen = socket.tryRecvfrom(buffer)) {
    count += 1;
    const way = seen.address.family === 'packet' && seen.address.pkttype === 4 ? 'out' : 'in ';
    console.log(`  ${way} ${describeBytes(seen.data, 'ethernet')}`);
  }
  if (count === 0) console.log('  nothing');
}

for (const socket of [...sniffers.map(({ socket }) => socket), receiver, sender, inA, inB, a, b]) socket.close();
