/** Beginnings that many scripts share. */
import type { Family } from './case.ts';

/** A listener `l`, a client `c` that is connected to it, and `s`, accepted. */
export function connected(family: Family, type: 'stream' | 'seqpacket' = 'stream', client = 'c'): string {
  return `
  l = socket ${family.name} ${type}
  bind l ${family.here('l')}
  listen l
  ${client} = socket ${family.name} ${type}
  connect ${client} @l
  s = accept l`;
}

/** A datagram socket, bound where others reach it. */
export function boundDatagram(family: Family, name: string): string {
  return `${name} = socket ${family.name} dgram\nbind ${name} ${family.here(name)}`;
}

/** The loopback address of the family at somebody's port: what `bound` prints, for use in a call. */
export const at = (family: Family, name: string): string => family.bound(name);
