/** Links: devices, and the wire that joins two of them. */
export type { LinkDevice } from './device.ts';
export * from './pair.ts';
export * from './wire.ts';
export * from './wire-rules.ts';
