/** Tools as functions: they return values and tell events, and print nothing. */
export * from './chat/index.ts';
export * from './echo/index.ts';
export * from './lab/index.ts';
