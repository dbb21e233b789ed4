/**
 * Scripts that nobody thought of: calls in random order on two sockets and a third. No rule says what they give (`?`);
 * what is wanted is that the three forms of our calls and CPython all see the same.
 */
import { Random } from '../../src/core/index.ts';
import { Group } from './case.ts';

export interface RandomKind {
  readonly name: string;
  readonly setup: string;
  /** Addresses that a call may be given. */
  readonly addresses: readonly string[];
  readonly flags: readonly string[];
  /** Whether one end sees at once what the other did: the outcome depends on no clock. */
  readonly isPrompt: boolean;
}

const UNIX_ADDRESSES = ['path:x', 'path:none', 'abstract:y', 'unspec'];
const UNIX_FLAGS = ['', '', 'peek', 'dontwait', 'trunc', 'nosignal'];

const pairKind = (type: string): RandomKind => ({
  name: `unix ${type}`,
  setup: `a,b = socketpair unix ${type}\nc = socket unix ${type}\nbind c path:x`,
  addresses: UNIX_ADDRESSES,
  flags: type === 'stream' ? UNIX_FLAGS.filter((flag) => flag !== 'trunc') : UNIX_FLAGS,
  isPrompt: true,
});

export const randomKinds: readonly RandomKind[] = [
  pairKind('stream'),
  pairKind('dgram'),
  pairKind('seqpacket'),
  {
    name: 'inet dgram',
    setup: `p = port\nq = port\na = socket inet dgram\nbind a 127.0.0.1:p\nb = socket inet dgram\nbind b 127.0.0.1:q\nconnect a 127.0.0.1:q\nconnect b 127.0.0.1:p\nc = socket inet dgram`,
    addresses: ['127.0.0.1:p', '127.0.0.1:q', '127.0.0.1:0', 'unspec'],
    flags: UNIX_FLAGS,
    isPrompt: false,
  },
  {
    name: 'inet stream',
    setup: `p = port\nc = socket inet stream\nbind c 127.0.0.1:p\nlisten c\na = socket inet stream\nconnect a @c\nb = accept c`,
    addresses: ['127.0.0.1:p', '127.0.0.1:0'],
    flags: ['', '', 'peek', 'dontwait', 'nosignal', 'trunc'],
    isPrompt: false,
  },
];

/** `count` scripts of one kind, the same for the same seed. */
export function randomGroup(kind: RandomKind, count: number, seed: number): Group {
  const group = new Group(`${kind.name}: random, seed ${seed}`);
  const random = new Random(seed);
  for (let i = 0; i < count; i++) {
    const lines = Array.from({ length: random.between(4, 14) }, (_, at) => `${line(kind, random, at)} -> ?`);
    group.add(
      `random/${kind.name}/${seed}/${i}`,
      'the same in every form, and in CPython',
      `${kind.setup}\n${lines.join('\n')}`,
    );
  }
  return group;
}

function pick<T>(random: Random, from: readonly T[]): T {
  return from[random.below(from.length)] as T;
}

function line(kind: RandomKind, random: Random, at: number): string {
  // The pair mostly: a third socket is there to be connected, listened on and mistaken.
  const name = pick(random, ['a', 'a', 'a', 'b', 'b', 'b', 'c']);
  const flags = pick(random, kind.flags);
  const size = pick(random, [1, 2, 5, 100, 20_000]);
  const data = pick(random, ['"x"', '"abc"', '""', 'y*3000', 'z*10000']);
  const address = pick(random, kind.addresses);
  const choices: readonly string[] = [
    `trysend ${name} ${data} ${flags === 'peek' || flags === 'trunc' ? '' : flags}`,
    `trysend ${name} ${data}`,
    `trysendto ${name} ${data} ${address}`,
    `tryrecv ${name} ${size} ${flags === 'trunc' ? '' : flags}`,
    `tryrecv ${name} ${size}`,
    `tryrecvlen ${name} ${size} ${flags}`,
    `tryrecvfrom ${name} ${size} ${flags}`,
    `poll ${name}`,
    `poll ${name}`,
    `get ${name} SO_ERROR`,
    `get ${name} SO_ACCEPTCONN`,
    // How much fits into the buffers of TCP is nobody's promise.
    kind.name === 'inet stream' ? `poll ${name}` : `ioctl ${name} FIONREAD`,
    `getsockname ${name}`,
    `getpeername ${name}`,
    `shutdown ${name} ${pick(random, ['rd', 'wr', 'both', '9'])}`,
    `close ${name}`,
    `set ${name} SO_LINGER 1,0`,
    `set ${name} SO_REUSEADDR 1`,
    `tryconnect ${name} ${address}`,
    `bind ${name} ${address}`,
    `listen ${name} ${random.below(3)}`,
    `n${at} = tryaccept ${name}`,
    `d${at} = dup ${name}`,
    `fill ${name}`,
    `drain ${name}`,
  ];
  return pick(random, choices).trim();
}
