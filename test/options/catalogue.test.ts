/**
 * Shows that the catalogue is whole: every row has its texts, names and numbers are unambiguous, the names that the
 * installed headers have under the usual prefixes are known, and importing it costs little.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  constantGroups,
  constantRows,
  describeOption,
  IP,
  MCAST6,
  optionNamed,
  optionNumbered,
  optionRows,
  SO,
  TCP,
} from '../../src/socket/options/index.ts';
import { inetNotes } from '../../src/socket/options/notes-inet.ts';
import { socketNotes } from '../../src/socket/options/notes-socket.ts';

const names = new Set([...optionRows(), ...constantRows()].map(({ name }) => name));

describe('rows', () => {
  test('there are more than 440 names, each with a sentence, each option with type, access, kernel and page', () => {
    expect(names.size).toBeGreaterThanOrEqual(440);
    for (const { text, name } of [...optionRows(), ...constantRows()]) expect(text, name).toMatch(/^.+\.$/);
    for (const row of optionRows()) {
      expect(row.since, row.name).toMatch(/^\d+\.\d+(\.\d+)?$/);
      expect(row.man, row.name).toMatch(/^[a-z0-9]+\(7\)$|^[a-z-]+\/[a-z0-9_]+\.h$/);
      expect(row.type.name.length, row.name).toBeGreaterThan(0);
      expect(row.type.size, row.name).toBeGreaterThan(0);
      if (row.privilege !== undefined) expect(row.privilege, row.name).toMatch(/CAP_|depends/);
    }
  });

  test('every line of the notes belongs to a row', () => {
    const known = new Set(optionRows().map(({ name }) => name));
    const noted = (socketNotes + inetNotes).split('\n').filter((line) => line !== '');
    expect(noted.map((line) => line.split(' | ')[0] as string).filter((name) => !known.has(name))).toEqual([]);
    expect(noted.filter((line) => line.split(' | ').length !== 5)).toEqual([]);
  });

  test('level, number and direction name one row; an alias has the number of its first name', () => {
    const seen = new Map<string, string>();
    for (const row of optionRows()) {
      if (row.alias !== undefined) {
        expect(optionNamed(row.alias), row.name).toMatchObject({ level: row.level, number: row.number });
        continue;
      }
      for (const direction of row.access) {
        const key = `${row.level}/${row.number} ${direction}`;
        expect(seen.get(key), `${row.name} ${key}`).toBeUndefined();
        seen.set(key, row.name);
      }
    }
  });

  test('rows are found by name, by name and level, by numbers', () => {
    expect(optionNamed('SO_REUSEADDR')).toMatchObject(SO.REUSEADDR);
    expect(optionNamed('MCAST_JOIN_GROUP')?.level).toBe(0);
    expect(optionNamed('MCAST_JOIN_GROUP', 41)).toMatchObject(MCAST6.JOIN_GROUP);
    expect(optionNamed('SO_NOTHING')).toBeUndefined();
    expect(optionNumbered(6, 11)?.name).toBe(TCP.INFO.name);
    expect(optionNumbered(0, 8)).toMatchObject(IP.PKTINFO);
  });

  test('a row describes itself', () => {
    const row = optionNamed('TCP_REPAIR');
    expect(row && describeOption(row)).toBe(
      "TCP_REPAIR (IPPROTO_TCP 19): 1: take the connection's state apart or put it together without packets; 0 or -1 ends that.\n" +
        '  int; read and set; since Linux 3.5; CAP_NET_ADMIN; tcp(7)',
    );
  });

  test('constants come in groups that have a title', () => {
    const prefixes = constantGroups().map(({ prefix }) => prefix);
    expect(prefixes).toContain('MSG');
    for (const { group } of constantRows()) expect(prefixes).toContain(group);
  });
});

test('the names of the installed headers under the usual prefixes are known', (context) => {
  const headers: readonly [file: string, prefixes: string][] = [
    ['asm-generic/socket.h', 'SO|SCM'],
    ['linux/in.h', 'IP|MCAST'],
    ['linux/in6.h', 'IPV6'],
    ['linux/tcp.h', 'TCP'],
    ['linux/udp.h', 'UDP'],
    ['linux/if_packet.h', 'PACKET'],
    ['linux/netlink.h', 'NETLINK'],
    ['linux/vm_sockets.h', 'SO_VM_SOCKETS'],
    ['linux/if_xdp.h', 'XDP'],
  ];
  const all: string[] = [];
  for (const [file, prefixes] of headers) {
    let text: string;
    try {
      text = readFileSync(`/usr/include/${file}`, 'utf8');
    } catch {
      return context.skip(`no /usr/include/${file} here`);
    }
    for (const [, name] of text.matchAll(new RegExp(`^#\\s*define\\s+((?:${prefixes})_\\w+)\\s`, 'gm'))) {
      all.push(name as string);
    }
  }
  // Parts of a packet and offsets of mappings are the business of codecs.
  const others = /^IPV6_(PRIORITY|FLOWINFO_|TLV|OPT|SRCRT)|_PGOFF_|^IP_MSFILTER_SIZE/;
  const unknown = all.filter((name) => !names.has(name) && !others.test(name));
  console.log(`${all.length} names in the headers, unknown: ${unknown.join(' ') || 'none'}`);
  expect(unknown).toEqual([]);
  return undefined;
});

test('making the catalogue takes a few milliseconds, once', () => {
  const begun = performance.now();
  optionRows();
  expect(performance.now() - begun).toBeLessThan(50);
  expect(optionRows()).toBe(optionRows());
});
