/** What both sides of one TCP connection said. */
import type { CapturedPacket } from '../../capture/index.ts';
import { type Flow, type FollowEvent, TcpFollower } from '../../flow/index.ts';
import { decodePacket, hexDump } from '../../wire/index.ts';
import { CommandError, ExitCode } from '../errors.ts';
import { paint } from '../terminal.ts';
import { printable } from '../text.ts';
import { endText } from './conversations.ts';

export interface FollowOptions {
  /** Of TCP connections, counted from 0. */
  readonly index: number;
  readonly as: 'text' | 'hex' | 'raw';
  readonly colour: boolean;
}

export class Follow {
  readonly #options: FollowOptions;
  readonly #follower: TcpFollower;
  #flow: Flow | undefined;
  #frame = 0;
  #offsets: Record<'toServer' | 'toClient', number> = { toServer: 0, toClient: 0 };
  #last: boolean | undefined;

  constructor(options: FollowOptions) {
    this.#options = options;
    const isWanted = (flow: Flow): boolean => flow.protocol === 'tcp' && flow.index === options.index;
    this.#follower = new TcpFollower({ wanted: isWanted });
  }

  /** @returns what is to be written now */
  add(packet: CapturedPacket): Uint8Array | string {
    const decoded = decodePacket(packet.bytes, packet.linkType, { wireLength: packet.length });
    return this.#print(this.#follower.add(decoded, packet.t ?? 0n, packet.length, ++this.#frame));
  }

  /** The rest. @throws CommandError when there was no such connection */
  end(): Uint8Array | string {
    const rest = this.#print(this.#follower.flush());
    if (this.#flow !== undefined) return rest;
    const count = this.#follower.table.flows.filter(({ protocol }) => protocol === 'tcp').length;
    throw new CommandError(
      `--follow ${this.#options.index}: expected a number below ${count}, the TCP connections of this capture`,
      ExitCode.no,
    );
  }

  #print(events: readonly FollowEvent[]): Uint8Array | string {
    if (events.length > 0) this.#flow = events[0]!.flow;
    if (this.#options.as === 'raw') {
      const parts = events.flatMap(({ event }) => (event.kind === 'data' ? [event.bytes] : []));
      return Buffer.concat(parts);
    }
    return events.map((event) => this.#lines(event)).join('');
  }

  #lines({ flow, isToServer, event }: FollowEvent): string {
    switch (event.kind) {
      case 'data':
        return `${this.#heading(flow, isToServer)}${this.#bytes(event.bytes, isToServer)}`;
      case 'gap':
        return `${this.#heading(flow, isToServer)}[${event.length} bytes are missing: ${event.why}]\n`;
      case 'different':
        return `${this.#heading(flow, isToServer)}[${event.length} bytes came twice and differ, frame ${event.frame}]\n`;
      case 'end':
        return `${this.#heading(flow, isToServer)}[${event.why}]\n`;
      default:
        return '';
    }
  }

  /** Who speaks, when that changes. */
  #heading(flow: Flow, isToServer: boolean): string {
    if (this.#last === isToServer) return '';
    this.#last = isToServer;
    const [from, to] = isToServer ? [flow.client, flow.server] : [flow.server, flow.client];
    return `${paint(`--- ${endText(from)} > ${endText(to)}`, 'bold', this.#options.colour)}\n`;
  }

  #bytes(bytes: Uint8Array, isToServer: boolean): string {
    const style = isToServer ? 'cyan' : 'orange';
    if (this.#options.as === 'hex') {
      const side = isToServer ? 'toServer' : 'toClient';
      const lines = hexDump(bytes, { from: this.#offsets[side] });
      this.#offsets[side] += bytes.length;
      return lines.map((line) => `${paint(line, style, this.#options.colour)}\n`).join('');
    }
    const text = new TextDecoder().decode(bytes).replaceAll('\r\n', '\n');
    const lines = text.split('\n').map((line) => paint(printable(line), style, this.#options.colour));
    return `${lines.join('\n')}${text.endsWith('\n') ? '' : '\n'}`;
  }
}
