/**
 * Shows that every number of the catalogue is the one in the C headers, glibc's and the kernel's, and that structs have
 * the size that C gives them. Names younger than the installed headers are listed.
 */
import { describe, expect, test } from 'vitest';
import * as constants from '../../src/socket/constants.ts';
import { constantRows, optionRows } from '../../src/socket/options/index.ts';
import { HEADER_SETS, hasCompiler, valuesOf } from './c-headers.ts';

/** Not in the headers of Linux 6.1 and glibc 2.36; checked where a machine has younger ones. */
const YOUNGER = [
  'SO_PASSPIDFD',
  'SO_PEERPIDFD',
  'SO_DEVMEM_LINEAR',
  'SO_DEVMEM_DMABUF',
  'SO_DEVMEM_DONTNEED',
  'SO_RCVPRIORITY',
  'SO_PASSRIGHTS',
  'SO_INQ',
  'TCP_AO_ADD_KEY',
  'TCP_AO_DEL_KEY',
  'TCP_AO_INFO',
  'TCP_AO_GET_KEYS',
  'TCP_AO_REPAIR',
  'TCP_IS_MPTCP',
  'TCP_RTO_MAX_MS',
  'TCP_RTO_MIN_US',
  'TCP_DELACK_MAX_US',
  'PACKET_VNET_HDR_SZ',
  'MPTCP_FULL_INFO',
  'MSG_SOCK_DEVMEM',
  'SCM_PIDFD',
  'SCM_DEVMEM_LINEAR',
  'SCM_DEVMEM_DMABUF',
  'SCM_TS_OPT_ID',
  'SCM_INQ',
  'SOF_TIMESTAMPING_OPT_ID_TCP',
  'PACKET_FANOUT_FLAG_IGNORE_OUTGOING',
];

/** In the kernel's own headers only, never in those for programs. */
const KERNEL_INTERNAL = [
  'UDPLITE_SEND_CSCOV',
  'UDPLITE_RECV_CSCOV',
  'SOL_SCTP',
  'SOL_UDPLITE',
  'SCM_SECURITY',
  // Reserved in a comment only.
  'IPV6_USE_MIN_MTU',
];

const known = new Map<string, number>();
for (const { name, number } of optionRows()) known.set(name, number);
for (const { name, value } of constantRows()) known.set(name, value);

describe.each(Object.entries(HEADER_SETS))('numbers against the headers of %s', (_, headers) => {
  test('every name that they have has our number', (context) => {
    if (!hasCompiler()) return context.skip('no C compiler (cc) here');
    const values = valuesOf(headers, [...known.keys()]);
    expect(values.size).toBeGreaterThan(3);
    const wrong = [...values].filter(([name, value]) => value >>> 0 !== (known.get(name) as number) >>> 0);
    expect(wrong.map(([name, value]) => `${name}: headers say ${value}, we say ${known.get(name)}`)).toEqual([]);
    return undefined;
  });
});

test('no name is unknown to all headers but those that are younger, or internal to the kernel', (context) => {
  if (!hasCompiler()) return context.skip('no C compiler (cc) here');
  const found = new Set<string>();
  for (const headers of Object.values(HEADER_SETS)) {
    for (const name of valuesOf(headers, [...known.keys()]).keys()) found.add(name);
  }
  const missing = [...known.keys()].filter((name) => !found.has(name));
  console.log(`${found.size} names compared; not in the headers here: ${missing.join(' ')}`);
  expect(missing.filter((name) => !YOUNGER.includes(name) && !KERNEL_INTERNAL.includes(name))).toEqual([]);
  return undefined;
});

test('the exported constants are those of the catalogue', () => {
  const wrong: string[] = [];
  for (const { name, value } of constantRows()) {
    const exported = (constants as Readonly<Record<string, number>>)[name];
    if (exported !== undefined && exported !== value) wrong.push(`${name}: ${exported}, catalogue ${value}`);
  }
  expect(wrong).toEqual([]);
  for (const group of ['AF', 'SOCK', 'MSG', 'SCM', 'SOL']) {
    const lacking = constantRows().filter((row) => row.group === group && !(row.name in constants));
    expect(lacking.map(({ name }) => name)).toEqual([]);
  }
});

test('structs are as long as in C', (context) => {
  if (!hasCompiler()) return context.skip('no C compiler (cc) here');
  const structs = new Map<string, number>();
  for (const { type } of optionRows()) {
    // Structs that end in a list, or that the kernel takes a part of, have no size of their own.
    if (/^[a-z0-9]+(_[a-z0-9]+)+$|^linger$|^ucred$/.test(type.name)) structs.set(type.name, type.size);
  }
  const open = [
    'ip_msfilter',
    'group_filter',
    'tls_crypto_info',
    'sock_fprog',
    'fanout_args',
    'tcp_info',
    'tcp_cc_info',
  ];
  const younger = ['dmabuf_token'];
  const names = [...structs.keys()].filter((name) => !open.includes(name));
  const sizes = new Map<string, number>();
  for (const headers of Object.values(HEADER_SETS)) {
    const values = valuesOf(
      headers,
      names.map((name) => `sizeof(struct ${name})`),
    );
    for (const [expression, size] of values) sizes.set(expression.slice(14, -1), size);
  }
  const wrong = names.filter((name) => {
    const size = sizes.get(name);
    return size === undefined ? !younger.includes(name) : size !== structs.get(name);
  });
  expect(wrong.map((name) => `${name}: C ${sizes.get(name)}, we ${structs.get(name)}`)).toEqual([]);
  expect(names.length).toBeGreaterThan(20);
  return undefined;
});
