/** Addresses: parse, print, compare, and the kernel's address structs. Portable; resolves no names. */
export * from './endpoint.ts';
export * from './inet.ts';
export * from './ipv4.ts';
export * from './ipv6.ts';
export * from './mac.ts';
export * from './prefix.ts';
export * from './sockaddr.ts';
