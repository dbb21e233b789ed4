/** Netlink: the kernel's tables of links, addresses, routes and sockets, read and changed without a program. */
export * from './client.ts';
export * from './message.ts';
export * from './rtnetlink.ts';
export * from './rtnetlink-rows.ts';
export * from './sock-diag.ts';
