/** What both sides of one TCP connection said. */
import type { CapturedPacket } from '../../capture/index.ts';
import { toHex } from '../../core/index.ts';
import { type Flow, type FollowEvent, TcpFollower } from '../../flow/index.ts';
import { decodePacket, hexDump } from '../../wire/index.ts';
import { CommandError, ExitCode } from '../errors.ts';
import { record } from '../records.ts';
import { paint } from '../terminal.ts';
import { printable } from '../text.ts';
import { endText } from './conversations.ts';

export interface FollowOptions {
  /** Of TCP connections, counted from 0. */
  readonly index: number;
  readonly as: 'text' | 'hex' | 'raw';
  readonly colour: boolean;
  /** A record for each piece. */
  readonly json: boolean;
}

export class Follow {
  readonly #options: FollowOptions;
  readonly #follower: TcpFollower;
  #flow: Flow | undefined;
  #frame = 0;
  #offsets: Record<'toServer' | 'toClient', number> = { toServer: 0, toClient: 0 };
  readonly #decoders = { toServer: new TextDecoder(), toClient: new TextDecoder() };
  #last: boolean | undefined;
  /** What was printed last was the beginning of a line: a segment may end anywhere in one. */
  #isOpen = false;

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
    if (this.#flow !== undefined) return typeof rest === 'string' ? `${rest}${this.#closed()}` : rest;
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
    const lines = this.#options.json ? this.#records : this.#lines;
    return events.map((event) => lines.call(this, event)).join('');
  }

  #records({ isToServer, event }: FollowEvent): string {
    const { kind, offset } = event;
    const head = { from: isToServer ? 'client' : 'server', offset };
    if (kind !== 'data') return record(kind, { ...head, ...event, kind: undefined });
    const { bytes, frame } = event;
    const said = this.#options.as === 'hex' ? { hex: toHex(bytes) } : { text: this.#decoded(bytes, isToServer) };
    return record('data', { ...head, length: bytes.length, frame, ...said });
  }

  #lines({ flow, isToServer, event }: FollowEvent): string {
    switch (event.kind) {
      case 'data':
        return `${this.#heading(flow, isToServer)}${this.#bytes(event.bytes, isToServer)}`;
      case 'gap':
        return this.#note(flow, isToServer, `${event.length} bytes are missing: ${event.why}`);
      case 'different':
        return this.#note(flow, isToServer, `${event.length} bytes came twice and differ, frame ${event.frame}`);
      case 'end':
        return this.#note(flow, isToServer, event.why);
      default:
        return '';
    }
  }

  #note(flow: Flow, isToServer: boolean, text: string): string {
    return `${this.#heading(flow, isToServer)}${this.#closed()}[${text}]\n`;
  }

  /** Who speaks, when that changes. */
  #heading(flow: Flow, isToServer: boolean): string {
    if (this.#last === isToServer) return '';
    this.#last = isToServer;
    const [from, to] = isToServer ? [flow.client, flow.server] : [flow.server, flow.client];
    const text = paint(`--- ${endText(from)} > ${endText(to)}`, 'bold', this.#options.colour);
    return `${this.#closed()}${text}\n`;
  }

  /** The end of a line that is open. */
  #closed(): string {
    const end = this.#isOpen ? '\n' : '';
    this.#isOpen = false;
    return end;
  }

  #bytes(bytes: Uint8Array, isToServer: boolean): string {
    const style = isToServer ? 'cyan' : 'orange';
    if (this.#options.as === 'hex') {
      const side = isToServer ? 'toServer' : 'toClient';
      const lines = hexDump(bytes, { from: this.#offsets[side] });
      this.#offsets[side] += bytes.length;
      return lines.map((line) => `${paint(line, style, this.#options.colour)}\n`).join('');
    }
    const text = this.#decoded(bytes, isToServer).replaceAll('\r\n', '\n');
    if (text !== '') this.#isOpen = !text.endsWith('\n');
    const lines = text.split('\n').map((line) => paint(printable(line), style, this.#options.colour));
    return lines.join('\n');
  }

  /** A character may begin in one segment and end in the next. */
  #decoded(bytes: Uint8Array, isToServer: boolean): string {
    return this.#decoders[isToServer ? 'toServer' : 'toClient'].decode(bytes, { stream: true });
  }
}
