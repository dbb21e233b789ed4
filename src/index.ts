/** Barewire: sockets for TypeScript, down to the bare wire. */
export * from './addr/index.ts';
export { kernel } from './os/kernel.ts';
export { NetworkNamespace } from './os/namespace.ts';
export * from './socket/index.ts';
