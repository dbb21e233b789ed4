/** What packets belong together: IP fragments, TCP streams, conversations. Portable. */
export * from './flows.ts';
export * from './follow.ts';
export * from './fragments.ts';
export { type PacketKey, protocolName, transportKey } from './key.ts';
export {
  TcpAnalyser,
  type TcpAnalysis,
  TcpNote,
  tcpNoteNames,
} from './tcp-analysis.ts';
export { TcpProgress } from './tcp-progress.ts';
export * from './tcp-stream.ts';
