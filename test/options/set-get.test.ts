/** Shows that every option that can be set and read gives back what was set, each on a socket that has it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { IN_USERNS } from '../../src/os/capabilities.ts';
import { kernel } from '../../src/os/kernel.ts';
import type { NetworkNamespace } from '../../src/os/namespace.ts';
import { AF_VSOCK } from '../../src/socket/constants.ts';
import { SocketError } from '../../src/socket/error.ts';
import { type OptionRow, optionRows } from '../../src/socket/options/index.ts';
import { describeInNamespace } from '../support/in-namespace.ts';
import { loopbackNamespace } from '../support/namespaces.ts';
import { elsewhere, samples } from './samples.ts';

const both = optionRows().filter((row) => row.access === 'rw' && row.alias === undefined);

/** A kernel without the option, the protocol or the family says one of these. */
const ABSENT = ['ENOPROTOOPT', 'EPROTONOSUPPORT', 'EAFNOSUPPORT', 'ESOCKTNOSUPPORT'];

const REFUSED = ['EPERM', 'EACCES'];

/** An ordinary user is root in a user namespace of their own only. */
function mayBeRefused({ privilege = '' }: OptionRow): boolean {
  return privilege.includes('first user namespace') && process.env[IN_USERNS] !== undefined;
}

describeInNamespace(import.meta.url, 'set, then read', () => {
  let namespace: NetworkNamespace;
  beforeAll(() => {
    namespace = loopbackNamespace('set-get');
  });
  afterAll(() => namespace.close());

  test('every option that can be set and read has a sample, or a test of its effect that does both', () => {
    const missing = both.filter(({ name }) => !samples.has(name) && !elsewhere.has(name));
    expect(missing.map(({ name }) => name)).toEqual([]);
    const strays = [...samples.keys(), ...elsewhere].filter((name) => !both.some((row) => row.name === name));
    expect(strays).toEqual([]);
  });

  test.for(both.filter(({ name }) => samples.has(name)))('$name', (row: OptionRow, context) => {
    const { kind, value, back = value, lacking = [] } = samples.get(row.name) ?? { kind: [0, 0, 0], value: undefined };
    try {
      // The kernel of a namespace has no vsock of its own.
      using socket = (kind[0] === AF_VSOCK ? kernel : namespace).socket(...kind);
      socket.set(row, value);
      expect(socket.get(row)).toEqual(back);
    } catch (error) {
      if (!(error instanceof SocketError)) throw error;
      if (mayBeRefused(row) && REFUSED.includes(error.code)) return context.skip(`needs ${row.privilege}`);
      if (![...ABSENT, ...lacking].includes(error.code)) throw error;
      return context.skip(`this kernel does not have it: ${error.message}`);
    }
    return undefined;
  });
});
