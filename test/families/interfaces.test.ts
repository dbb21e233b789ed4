/** interfaces() lists what `ip` lists, also what is down and what has no address; names and numbers find each other. */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { ifIndexToName, ifNameToIndex, interfaces } from '../../src/os/interfaces.ts';

const ip = spawnSync('ip', ['-j', 'address'], { encoding: 'utf8' });

test('this machine: as `ip address` says', (ctx) => {
  if (ip.status !== 0) ctx.skip('no ip command');
  const theirs = JSON.parse(ip.stdout) as {
    ifindex: number;
    ifname: string;
    mtu: number;
    flags: string[];
    addr_info: { local: string; prefixlen: number }[];
  }[];
  const ours = interfaces();
  for (const row of theirs) {
    const found = ours.find(({ index }) => index === row.ifindex);
    if (found === undefined) continue;
    expect(found).toMatchObject({ name: row.ifname, mtu: row.mtu });
    const flags = row.flags.filter((flag) => flag !== 'NO-CARRIER' && flag !== 'RUNNING');
    expect(found.flags.filter((flag) => flag !== 'RUNNING').sort()).toEqual(flags.sort());
    expect(found.addresses.map(({ address, prefixLength }) => `${address}/${prefixLength}`).sort()).toEqual(
      row.addr_info.map(({ local, prefixlen }) => `${local}/${prefixlen}`).sort(),
    );
  }
  expect([ifNameToIndex('lo'), ifIndexToName(1), ifNameToIndex('nosuch'), ifIndexToName(999_999)]).toEqual([
    1,
    'lo',
    undefined,
    undefined,
  ]);
});

test('names and numbers that cannot be', () => {
  expect(['', 'a/b', 'a name', 'x'.repeat(16)].map((name) => ifNameToIndex(name))).toEqual(Array(4).fill(undefined));
  expect([0, -1, 1.5, 2 ** 40].map((index) => ifIndexToName(index))).toEqual(Array(4).fill(undefined));
});

test('JSON', () => {
  const lo = (JSON.parse(JSON.stringify(interfaces())) as typeof interfaces extends () => infer T ? T : never)[0];
  expect(lo).toMatchObject({ name: 'lo', index: 1, type: 'loopback' });
  expect(lo?.statistics?.rxBytes).toBeTypeOf('number');
});
