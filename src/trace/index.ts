/** The event stream: types, recording, checking, files, the state at an instant, and what a trace says in figures. */
export * from './event.ts';
export * from './ndjson.ts';
export * from './recorder.ts';
export * from './validate.ts';
