/** Plays a scenario on two namespaces of this kernel and reads the trace that comes of it, packet by packet. */
import { parseWireRule, type WireAction } from '../../src/link/index.ts';
import { type LabHost, makeLabHosts, type WireTier } from '../../src/os/lab-hosts.ts';
import { findScenario, type LabSide, playLab } from '../../src/tools/lab/index.ts';
import type { CallEnter, CallExit, PacketTx, StateChange, TcpState, Trace, TraceEvent } from '../../src/trace/index.ts';
import { decodePacket, type Packet, TcpFlags } from '../../src/wire/index.ts';

export interface PlayOptions {
  readonly wire?: 'auto' | WireTier;
  readonly family?: 4 | 6;
  readonly delayMs?: number;
  readonly port?: number;
  readonly rules?: readonly (readonly [WireAction, string])[];
  readonly signal?: AbortSignal;
  /** The lab cannot read the socket tables. */
  readonly blind?: true;
  /** Instead of that of the host on the wire. */
  readonly serverAddress?: string;
}

export async function play(id: string, options: PlayOptions = {}): Promise<Played> {
  const { wire = 'auto', family = 4, delayMs = 20, port = 8888, rules = [] } = options;
  const { signal = new AbortController().signal, serverAddress } = options;
  const scenario = findScenario(id);
  if (scenario === undefined) throw new Error(`no scenario '${id}'`);
  const hosts = makeLabHosts({ wire });
  try {
    const side = ({ name, host, addresses, observeSockets }: LabHost): LabSide => ({
      name,
      host,
      addresses,
      ...(options.blind === true
        ? {}
        : { observe: () => observeSockets() as ReturnType<NonNullable<LabSide['observe']>> }),
    });
    const trace = await playLab({
      scenario,
      client: side(hosts.client),
      server: { ...side(hosts.server), ...(serverAddress === undefined ? {} : { addresses: [serverAddress] }) },
      path: { kind: 'wire', client: hosts.client.device, server: hosts.server.device, delayMs },
      family,
      port,
      rules: rules.map(([action, text]) => parseWireRule(action, text)),
      signal,
      env: { tier: hosts.tier },
      producer: 'kernel',
      mtu: hosts.client.device.mtu,
    });
    return new Played(trace, hosts.tier);
  } finally {
    hosts.close();
  }
}

/** A packet of the trace with what its bytes say. */
export interface SentPacket {
  readonly pkt: number;
  readonly from: string;
  /** ns since the start of the trace. */
  readonly t: number;
  /** When the other host got it; undefined when the wire lost it. */
  readonly rxT: number | undefined;
  readonly event: PacketTx;
  readonly tcp: Packet['tcp'];
  readonly udp: Packet['udp'];
  /** `SYN`, `SYN-ACK`, `ACK`, `data`, `FIN`, `RST`, `UDP`: by the first of these that it is. */
  readonly kind: string;
  readonly text: string;
}

export interface Call {
  readonly host: string;
  readonly name: string;
  readonly enter: CallEnter;
  readonly exit: CallExit;
}

export class Played {
  readonly trace: Trace;
  readonly tier: string;
  readonly packets: readonly SentPacket[];
  readonly calls: readonly Call[];
  readonly states: readonly StateChange[];

  constructor(trace: Trace, tier: string) {
    this.trace = trace;
    this.tier = tier;
    const { events } = trace;
    const rxT = new Map(events.flatMap((event) => (event.k === 'pkt.rx' ? [[event.pkt, event.t] as const] : [])));
    this.packets = events.flatMap((event) => (event.k === 'pkt.tx' ? [readPacket(event, rxT.get(event.pkt))] : []));
    this.calls = events.flatMap((exit) => {
      const enter = exit.k === 'call.exit' ? events[exit.enter] : undefined;
      return exit.k === 'call.exit' && enter?.k === 'call.enter'
        ? [{ host: exit.host, name: enter.name, enter, exit }]
        : [];
    });
    this.states = events.filter((event): event is StateChange => event.k === 'tcp.state');
  }

  /** `client SYN`, `server SYN-ACK` …, in the order in which they were sent. */
  get said(): readonly string[] {
    return this.packets.map(
      ({ from, kind, text }) => `${from} ${kind}${text === '' ? '' : ` ${JSON.stringify(text)}`}`,
    );
  }

  packet(from: string, kind: string, number = 1): SentPacket {
    const found = this.packets.filter((packet) => packet.from === from && packet.kind === kind)[number - 1];
    return found ?? missing(`${kind} #${number} of ${from}`, this.said);
  }

  call(host: string, name: string, number = 1): Call {
    const found = this.calls.filter((call) => call.host === host && call.name === name)[number - 1];
    return (
      found ??
      missing(
        `${name} #${number} of ${host}`,
        this.calls.map((call) => `${call.host} ${call.name}`),
      )
    );
  }

  /** The states that a connection of a host has been in, beginning with the one that it came from. */
  path(host: string): readonly TcpState[] {
    const changes = this.states.filter((event) => event.host === host && event.flow !== undefined);
    return [...changes.slice(0, 1).map(({ old }) => old), ...changes.map((event) => event.new)];
  }

  state(host: string, state: TcpState): StateChange {
    const found = this.states.find((event) => event.host === host && event.new === state && event.flow !== undefined);
    return found ?? missing(`${state} of ${host}`, this.path(host));
  }

  cause(event: TraceEvent): TraceEvent | undefined {
    return typeof event.cause === 'number' ? this.trace.events[event.cause] : undefined;
  }
}

function missing(what: string, there: readonly string[]): never {
  throw new Error(`no ${what} in the trace; there are: ${there.join(', ')}`);
}

function readPacket(event: PacketTx, rxT: number | undefined): SentPacket {
  const packet = decodePacket(event.bytes, 101);
  const text = new TextDecoder().decode(event.bytes.subarray(packet.payloadOffset, packet.payloadEnd));
  const { pkt, host: from, t } = event;
  const { tcp, udp } = packet;
  return { pkt, from, t, rxT, event, tcp, udp, kind: kindOf(packet, text), text };
}

function kindOf({ tcp, udp }: Packet, text: string): string {
  if (udp !== undefined) return 'UDP';
  if (tcp === undefined) return 'other';
  const has = (flag: number): boolean => (tcp.flags & flag) !== 0;
  if (has(TcpFlags.RST)) return 'RST';
  if (has(TcpFlags.SYN)) return has(TcpFlags.ACK) ? 'SYN-ACK' : 'SYN';
  if (has(TcpFlags.FIN)) return 'FIN';
  return text === '' ? 'ACK' : 'data';
}
