/** What is remarkable about a TCP segment, beside its line. */
import { type TcpAnalysis, TcpNote, tcpNoteNames } from '../../flow/index.ts';

/** `[fast retransmission of 7, 0.2 ms later; 1460 bytes in flight]`; empty for a segment with nothing to say. */
export function notesText(analysis: TcpAnalysis): string {
  const said = noteNames(analysis).map((name) => `${name}${detail(name, analysis)}`);
  const { acks, bytesInFlight } = analysis;
  if (acks !== undefined) said.push(`acks ${acks.frame} after ${ms(acks.rttNs)}`);
  if (bytesInFlight !== undefined) said.push(`${bytesInFlight} bytes in flight`);
  return said.length === 0 ? '' : ` [${said.join('; ')}]`;
}

/** The same for a record. */
export function notesFields(analysis: TcpAnalysis): Record<string, unknown> {
  const { flow, acks, bytesInFlight } = analysis;
  const names = noteNames(analysis);
  return {
    stream: flow.index,
    ...(names.length === 0 ? {} : { notes: names }),
    ...(acks === undefined ? {} : { acks: acks.frame, rtt_ms: Number(acks.rttNs) / 1e6 }),
    ...(bytesInFlight === undefined ? {} : { bytes_in_flight: bytesInFlight }),
  };
}

/** A fast retransmission is a retransmission: the narrower word is enough. */
function noteNames({ notes }: TcpAnalysis): string[] {
  const isNarrower = (notes & (TcpNote.FAST_RETRANSMISSION | TcpNote.SPURIOUS_RETRANSMISSION)) !== 0;
  return tcpNoteNames(isNarrower ? notes & ~TcpNote.RETRANSMISSION : notes);
}

function detail(name: string, { again, duplicate }: TcpAnalysis): string {
  if (name.endsWith('retransmission') && again !== undefined) return ` of ${again.ofFrame}, ${ms(again.afterNs)} later`;
  if (name === 'duplicate ack' && duplicate !== undefined) return ` ${duplicate.count} of ${duplicate.ofFrame}`;
  return '';
}

const ms = (ns: bigint): string => `${(Number(ns) / 1e6).toFixed(3)} ms`;
