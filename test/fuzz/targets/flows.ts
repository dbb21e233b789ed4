/** Packets in a row, each behind its length in two bytes: what remembers packets must survive any of them. */
import { concat, readU16 } from '../../../src/core/index.ts';
import { type FollowEvent, FragmentReassembler, TcpAnalyser, TcpFollower } from '../../../src/flow/index.ts';
import {
  buildPacket,
  decodePacket,
  encodeFragment,
  encodeIpv4,
  encodeIpv6,
  TcpFlags,
} from '../../../src/wire/index.ts';
import { hold, type Target } from '../target.ts';

const LIMIT_BYTES = 2000;
const MOST_PACKETS = 64;

function inRow(packets: readonly Uint8Array[]): Uint8Array {
  return concat(packets.flatMap((bytes) => [Uint8Array.of(bytes.length >>> 8, bytes.length), bytes]));
}

function* packetsOf(bytes: Uint8Array): Generator<Uint8Array> {
  let count = 0;
  for (let at = 0; at + 2 <= bytes.length && count < MOST_PACKETS; count++) {
    const end = Math.min(bytes.length, at + 2 + (readU16(bytes, at) & 0x7ff));
    yield bytes.subarray(at + 2, end);
    at = end;
  }
}

const { SYN, ACK, FIN, RST } = TcpFlags;
const segment = (isClient: boolean, seq: number, ack: number, flags: number, size = 0): Uint8Array =>
  buildPacket({
    ipv4: isClient ? { src: '10.0.0.1', dst: '10.0.0.2' } : { src: '10.0.0.2', dst: '10.0.0.1' },
    tcp: { srcPort: isClient ? 4000 : 80, dstPort: isClient ? 80 : 4000, seq, ack, flags },
    payload: new Uint8Array(size).fill(65),
  });
const talk = [
  segment(true, 0xffff_fff0, 0, SYN),
  segment(false, 500, 0xffff_fff1, SYN | ACK),
  segment(true, 0xffff_fff1, 501, ACK, 20),
  segment(true, 25, 501, ACK, 20),
  segment(false, 501, 5, ACK, 1),
  segment(true, 5, 502, ACK, 20),
  segment(false, 502, 45, FIN | ACK),
  segment(true, 45, 503, RST | ACK),
];
const ends4 = { src: '10.0.0.1', dst: '10.0.0.2', protocol: 17, id: 7 };
const ends6 = { src: '::1', dst: '::2', nextHeader: 44 };
const fragments = [0, 16, 8].flatMap((fragmentOffset) => {
  const isLast = fragmentOffset === 16;
  const data = new Uint8Array(8);
  const inner = encodeFragment({ nextHeader: 17, fragmentOffset, moreFragments: isLast ? 0 : 1, id: 7 }, data);
  return [encodeIpv4({ ...ends4, fragmentOffset, flags: isLast ? 0 : 1 }, data), encodeIpv6(ends6, inner)];
});

/** What is told of each direction goes on where it stopped. */
class Offsets {
  readonly #next = new Map<string, number>();

  check({ flow, isToServer, event }: FollowEvent): void {
    if (event.kind !== 'data' && event.kind !== 'gap') return;
    const key = `${flow.protocol} ${flow.index} ${isToServer}`;
    hold(event.offset === (this.#next.get(key) ?? 0), `${event.kind} at ${event.offset}, not where the last one ended`);
    this.#next.set(key, event.offset + (event.kind === 'data' ? event.bytes.length : event.length));
  }
}

function run(bytes: Uint8Array): string {
  const reassembler = new FragmentReassembler({ maxBytes: LIMIT_BYTES, maxPackets: 3 });
  const follower = new TcpFollower({ maxHeldBytes: LIMIT_BYTES, maxTotalHeldBytes: LIMIT_BYTES, maxFlows: 5 });
  const analyser = new TcpAnalyser({ maxFlows: 5 });
  const offsets = new Offsets();
  const way: string[] = [];
  let frame = 0;
  for (const one of packetsOf(bytes)) {
    const packet = decodePacket(one, 'raw');
    const t = BigInt(++frame) * 1_000_000n;
    const result = reassembler.add(packet, t, frame);
    if (result !== undefined) way.push('why' in result ? result.why : result.kind);
    hold(reassembler.pending <= 4, `${reassembler.pending} packets under way`);
    for (const event of follower.add(packet, t, one.length, frame)) {
      offsets.check(event);
      way.push(event.event.kind);
    }
    way.push(String(analyser.add(packet, t, one.length, frame)?.notes ?? ''));
    hold(follower.table.flows.length <= 5, `${follower.table.flows.length} flows`);
  }
  for (const event of follower.flush()) offsets.check(event);
  return way.join(' ').slice(0, 200);
}

export const flowTargets: readonly Target[] = [
  {
    name: 'flow/packets',
    seeds: [inRow(talk), inRow(fragments), inRow([...talk.slice(0, 3), ...talk.toReversed()])],
    run,
  },
];
