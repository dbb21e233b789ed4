/** Links, addresses and routes as this machine has them; changing them is tested in test/os-lab. rtnetlink(7). */
import { describe, expect, test } from 'vitest';
import { kernel } from '../os/kernel.ts';
import { NetlinkError } from './client.ts';
import { Rtnetlink } from './rtnetlink.ts';
import { IFF_LOOPBACK } from './rtnetlink-rows.ts';

describe('this machine', () => {
  test('has a loopback interface', () => {
    using route = new Rtnetlink(kernel);
    const lo = route.links().find((link) => link.name === 'lo');
    expect(lo).toMatchObject({ index: 1, hardware: 772 });
    expect((lo?.flags ?? 0) & IFF_LOOPBACK).toBe(IFF_LOOPBACK);
    expect(route.link('lo')).toEqual(route.links().find((link) => link.name === 'lo'));
    for (const address of route.addresses()) expect(address.address).toMatch(/^[0-9a-f.:]+$/);
    for (const row of route.routes()) expect(row.prefixLength).toBeLessThanOrEqual(128);
    expect(Array.isArray(route.neighbours())).toBe(true);
  });

  test('an unknown link is ENODEV, with the name of the request', () => {
    using route = new Rtnetlink(kernel);
    const error = caught(() => route.link('nosuchlink'));
    expect(error).toBeInstanceOf(NetlinkError);
    expect(error).toMatchObject({ code: 'ENODEV', syscall: 'rtnetlink RTM_GETLINK' });
  });
});

describe('arguments', () => {
  test('are checked before anything is sent', () => {
    using route = new Rtnetlink(kernel);
    // An interface that there is not, so that a check that fails to refuse changes nothing on this machine.
    const nowhere = 0x7fff_ffff;
    expect(() => route.link('a name that is too long')).toThrow(/^name: expected an interface name/);
    expect(() => route.link('a b')).toThrow(TypeError);
    expect(() => route.addAddress(nowhere, '10.0.0.1')).toThrow(/^address: expected an address and a prefix length/);
    expect(() => route.addAddress(nowhere, '10.0.0.1/33')).toThrow(TypeError);
    expect(() => route.addAddress(nowhere, '10.0.0.256/24')).toThrow(/^address: expected an IPv4 or IPv6 address/);
    expect(() => route.setLink(nowhere, { address: '02:00' })).toThrow(/^address: expected a hardware address/);
    expect(() => route.addRoute({ target: '10.0.0.0/8', gateway: '::1' })).toThrow(/target's family/);
  });
});

function caught(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}
