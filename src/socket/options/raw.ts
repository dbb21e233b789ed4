/** Options of raw sockets (raw(7), RFC 3542 §3.2): which ICMP types are received. */
import { SOL_ICMPV6, SOL_RAW } from '../constants.ts';
import { icmp6Filter, icmpFilter } from './ipv6-values.ts';
import { type Option, rowsOf } from './row.ts';

export interface RawLevel {
  readonly ICMP_FILTER: Option<readonly number[]>;
}

const raw = rowsOf(SOL_RAW, '');

/** Options of IPv4 raw sockets for ICMP. */
export const RAW: RawLevel = {
  ICMP_FILTER: raw('ICMP_FILTER', 1, icmpFilter),
};

export interface Icmpv6Level {
  readonly FILTER: Option<readonly number[]>;
}

const icmpv6 = rowsOf(SOL_ICMPV6, 'ICMPV6_');

/** Options of IPv6 raw sockets for ICMPv6. */
export const ICMPV6: Icmpv6Level = {
  FILTER: icmpv6('FILTER', 1, icmp6Filter),
};
