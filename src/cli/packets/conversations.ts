/** The table of conversations of a capture. */
import type { CapturedPacket } from '../../capture/index.ts';
import { type Flow, FlowTable } from '../../flow/index.ts';
import { decodePacket } from '../../wire/index.ts';
import { record } from '../records.ts';

export class Conversations {
  readonly #table = new FlowTable();

  add(packet: CapturedPacket): void {
    const decoded = decodePacket(packet.bytes, packet.linkType, { wireLength: packet.length });
    this.#table.add(decoded, packet.t ?? 0n, packet.length);
  }

  /** A line a conversation, in columns. */
  text(): string {
    const { flows } = this.#table;
    const head = ['#', 'protocol', 'client', 'server', 'packets', 'bytes', '', '', 'seconds', 'how'];
    const rows = flows.map((flow) => [
      String(flow.index),
      flow.protocol,
      endText(flow.client),
      endText(flow.server),
      `${flow.toServer.packets} >`,
      String(flow.toServer.bytes),
      `< ${flow.toClient.packets}`,
      String(flow.toClient.bytes),
      seconds(flow),
      flow.tcp === undefined ? '' : `${flow.tcp.state} ${flow.tcp.history}`,
    ]);
    const lines = inColumns([head, ...rows]);
    if (this.#table.forgotten > 0) lines.push(`${this.#table.forgotten} older conversations were given up`);
    return `${lines.join('\n')}\n`;
  }

  /** A record a conversation. */
  records(): string {
    return this.#table.flows
      .map((flow) => {
        const { index, protocol, client, server, toServer, toClient } = flow;
        return record('conversation', {
          index,
          protocol,
          client: client.address,
          client_port: client.port,
          server: server.address,
          server_port: server.port,
          packets_to_server: toServer.packets,
          bytes_to_server: toServer.bytes,
          payload_to_server: toServer.payloadBytes,
          packets_to_client: toClient.packets,
          bytes_to_client: toClient.bytes,
          payload_to_client: toClient.payloadBytes,
          duration_s: Number(seconds(flow)),
          ...(flow.tcp === undefined ? {} : { state: flow.tcp.state, history: flow.tcp.history }),
        });
      })
      .join('');
  }
}

export function endText({ address, port }: Flow['client']): string {
  return port === 0 ? address : `${address.includes(':') ? `[${address}]` : address}:${port}`;
}

function seconds({ first, last }: Flow): string {
  return (Number(last - first) / 1e9).toFixed(6);
}

/** Texts to the left, numbers to the right. */
function inColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows.map((row) =>
    row
      .map((cell, i) =>
        /^[\d.]+( >)?$/.test(rows[1]?.[i] ?? '') ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!),
      )
      .join('  ')
      .trimEnd(),
  );
}
