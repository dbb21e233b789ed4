/** The event stream: types, recording, checking, files, the state at an instant, and what a trace says in figures. */
export * from './event.ts';
export * from './explain.ts';
export * from './ndjson.ts';
export * from './packet-facts.ts';
export * from './packets.ts';
export * from './pcapng.ts';
export * from './recorder.ts';
export * from './reduce.ts';
export * from './summary.ts';
export * from './validate.ts';
