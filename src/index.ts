/** Barewire: sockets for TypeScript, down to the bare wire. */
export * from './addr/index.ts';
export type { LinkStatistics, Route } from './netlink/rtnetlink-rows.ts';
export { type Explanation, explain, type Holder } from './os/explain.ts';
export * from './os/interfaces.ts';
export { type KernelHost, kernel } from './os/kernel.ts';
export { NetworkNamespace } from './os/namespace.ts';
export { type SocketKind, socketKinds } from './os/socket-kinds.ts';
export { everySupport, FEATURES, type Support, supportOf } from './os/supports.ts';
export * from './os/watch-interfaces.ts';
export * from './socket/index.ts';
