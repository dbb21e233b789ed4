/**
 * Shows that a snapshot reads every option that a socket has, as plain data, that it changes nothing, and that two of
 * them tell what changed.
 */
import { describe, expect, test } from 'vitest';
import { kernel } from '../../src/os/kernel.ts';
import {
  AF_INET,
  AF_INET6,
  AF_NETLINK,
  AF_UNIX,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
} from '../../src/socket/constants.ts';
import { diff, optionsOf, type Snapshot, SO, snapshot, TCP } from '../../src/socket/options/index.ts';

const kinds = [
  { name: 'TCP over IPv4', domain: AF_INET, type: SOCK_STREAM, most: 140, has: ['TCP_INFO', 'IP_TTL', 'SO_COOKIE'] },
  { name: 'TCP over IPv6', domain: AF_INET6, type: SOCK_STREAM, most: 200, has: ['TCP_INFO', 'IPV6_UNICAST_HOPS'] },
  { name: 'UDP over IPv4', domain: AF_INET, type: SOCK_DGRAM, most: 120, has: ['UDP_GRO', 'IP_MULTICAST_TTL'] },
  { name: 'Unix stream', domain: AF_UNIX, type: SOCK_STREAM, most: 80, has: ['SO_PASSCRED', 'SO_PEERCRED'] },
  { name: 'netlink', domain: AF_NETLINK, type: SOCK_RAW, most: 80, has: ['NETLINK_EXT_ACK'] },
] as const;

function failed(all: Snapshot): string[] {
  return Object.entries(all)
    .filter(([, value]) => typeof value === 'object' && value !== null && 'error' in value)
    .map(([name]) => name);
}

describe.each(kinds)('a snapshot of $name', ({ domain, type, most, has }) => {
  test('has the options of its levels as JSON, nearly all with a value', () => {
    using socket = kernel.socket(domain, type);
    const all = snapshot(socket);
    expect(JSON.parse(JSON.stringify(all))).toEqual(all);
    for (const name of has) expect(all).toHaveProperty(name);
    expect(Object.keys(all).length).toBeGreaterThan(40);
    expect(Object.keys(all).length).toBeLessThan(most);
    // Not connected, not this family, not in this kernel: each with its errno name.
    expect(failed(all).length).toBeLessThan(Object.keys(all).length / 3);
    for (const name of failed(all)) expect(all[name]).toMatchObject({ error: expect.stringMatching(/^E[A-Z0-9]+$/) });
  });

  test('is the same when read again, but for clocks and memory', () => {
    using socket = kernel.socket(domain, type);
    const changed = Object.keys(diff(snapshot(socket), snapshot(socket)));
    expect(changed.filter((name) => !['TCP_INFO', 'TCP_TIMESTAMP', 'SO_MEMINFO'].includes(name))).toEqual([]);
  });
});

test('a difference names the option with both values', () => {
  using socket = kernel.socket(AF_INET, SOCK_STREAM);
  const before = snapshot(socket);
  socket.set(TCP.NODELAY, true);
  socket.set(SO.LINGER, { on: true, seconds: 7 });
  const changes = diff(before, snapshot(socket));
  expect(changes).toMatchObject({
    TCP_NODELAY: { before: false, after: true },
    SO_LINGER: { before: { on: false, seconds: 0 }, after: { on: true, seconds: 7 } },
  });
  expect(diff({ A: 1 }, { B: 2 })).toEqual({ A: { before: 1 }, B: { after: 2 } });
});

test('a pending error is still there afterwards', async () => {
  using socket = kernel.socket(AF_INET, SOCK_DGRAM);
  using closed = kernel.socket(AF_INET, SOCK_DGRAM);
  closed.bind('127.0.0.1:0');
  const address = closed.getsockname();
  closed.close();
  await socket.connect(address);
  await socket.send('nobody');
  await socket.ready('err', { timeoutMs: 2000 });
  snapshot(socket);
  expect(socket.get(SO.ERROR)).toBe(111);
});

test('a closed socket is an error, not a snapshot full of errors', () => {
  const socket = kernel.socket(AF_INET, SOCK_STREAM);
  socket.close();
  expect(() => snapshot(socket)).toThrow(expect.objectContaining({ code: 'EBADF' }));
});

test('the options of a kind are listed without a socket', () => {
  const names = optionsOf({ domain: AF_UNIX, type: SOCK_STREAM, protocol: 0 }).map(({ name }) => name);
  expect(names).toContain('SO_PEERCRED');
  expect(names).not.toContain('IP_TTL');
});
