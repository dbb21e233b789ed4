/** Capture files: pcap and pcapng, read and written, whole or in pieces. */
export * from './cursor.ts';
export * from './filter/index.ts';
export * from './items.ts';
export * from './link-types.ts';
export * from './live.ts';
export { encodePcap, MAX_SNAPLEN, type PcapOptions, type PcapRecord, PcapWriter } from './pcap.ts';
export { SECRETS_TLS } from './pcapng.ts';
export * from './pcapng-writer.ts';
export * from './reader.ts';
