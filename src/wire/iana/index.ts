/** Numbers that IANA and IEEE assign, with the date they were read. */
export * from './ethertypes.ts';
export * from './icmp.ts';
export * from './ports.ts';
export * from './protocols.ts';
