/** What a trace comes to, in a few lines below its ladder. */
import type { TcpSummary, TraceSummary, UdpSummary } from '../../trace/summary.ts';
import { wrap } from '../text.ts';
import { formatGap } from './time.ts';

/** `1 segment`, `2 segments`. */
function count(n: number, one: string): string {
  return `${n} ${one}${n === 1 ? '' : 's'}`;
}

const LABEL_WIDTH = 11;

/**
 * @param width columns that a line may fill
 * @returns lines that end in a newline; empty for a trace without packets
 */
export function printSummary(summary: TraceSummary, width: number = 80): string {
  const rows: (readonly [label: string, text: string])[] = [];
  if (summary.tcp !== null) rows.push(...tcpRows(summary.tcp));
  rows.push(...summary.udp.map(udpRow));
  const { sent, delivered, dropped, duplicated, bytes } = summary.packets;
  if (sent > 0) {
    const copies = duplicated > 0 ? `, ${count(duplicated, 'copy').replace('copys', 'copies')} made by the wire` : '';
    rows.push([
      'packets',
      `${sent} sent, ${delivered} delivered, ${dropped} lost${copies}; ${count(bytes, 'byte')} on the wire`,
    ]);
  }
  return rows
    .flatMap(([label, text]) =>
      wrap(text, Math.max(10, width - LABEL_WIDTH)).map(
        (line, i) => `${(i === 0 ? label : '').padEnd(LABEL_WIDTH)}${line}\n`,
      ),
    )
    .join('');
}

function tcpRows(tcp: TcpSummary): [label: string, text: string][] {
  const rows: [string, string][] = [];
  const { connectResult, handshake, roundTrips } = tcp;
  if (connectResult !== null || handshake !== null) {
    const parts: string[] = [];
    if (connectResult === 'ok') parts.push('connected');
    else if (connectResult !== null)
      parts.push(`failed with ${connectResult}${tcp.refused ? ': a RST answered the SYN' : ''}`);
    if (handshake !== null && handshake.durationNs !== null) {
      const trips = roundTrips === null ? '' : `, ${roundTrips} round trip${roundTrips === 1 ? '' : 's'} of this path`;
      parts.push(`handshake took ${formatGap(handshake.durationNs)}${trips}`);
    } else if (handshake !== null && connectResult === null) parts.push('the handshake was not completed');
    rows.push(['connect', parts.join('; ')]);
  }
  const { fromClient, fromServer } = tcp.payloadBytes;
  const again = tcp.retransmissions > 0 ? `, ${tcp.retransmissions} of them again` : '';
  rows.push([
    'segments',
    `${tcp.segments} sent${again}; ${count(fromClient, 'byte')} from ${tcp.client}, ${fromServer} from ${tcp.server ?? 'the other side'}`,
  ]);
  if (tcp.whoClosedFirst !== null) {
    const resets = tcp.resets > 0 ? `, ${tcp.resets === 1 ? 'a RST' : `${tcp.resets} RSTs`} among them` : '';
    const holder = tcp.timeWaitHolder === null ? 'nobody holds TIME-WAIT' : `${tcp.timeWaitHolder} holds TIME-WAIT`;
    rows.push([
      'close',
      `${tcp.whoClosedFirst} closed first; ${count(tcp.closingSegments, 'segment')}${resets}; ${holder}`,
    ]);
  }
  return rows;
}

function udpRow(udp: UdpSummary): [label: string, text: string] {
  const { fromA, fromB } = udp.payloadBytes;
  return [
    'datagrams',
    `${udp.sent} sent, ${udp.delivered} delivered, ${udp.dropped} lost; ${count(fromA, 'byte')} from ${udp.a}, ${fromB} from ${udp.b}`,
  ];
}
