/**
 * Who may bind where: SO_REUSEADDR and SO_REUSEPORT as a matrix over addresses and states, and IPV6_V6ONLY over kinds of
 * address. The rules are socket(7)'s (with ip(7) for the ephemeral range and ipv6(7) for V6ONLY), written as functions.
 */
import { Group } from '../case.ts';

type Reuse = 'none' | 'REUSEADDR' | 'REUSEPORT' | 'both';
type State = 'bound' | 'listening';

const setting = (name: string, reuse: Reuse): string =>
  (reuse === 'none' ? [] : reuse === 'both' ? ['REUSEADDR', 'REUSEPORT'] : [reuse])
    .map((option) => `set ${name} SO_${option} 1`)
    .join('\n');

const has = (reuse: Reuse, option: 'REUSEADDR' | 'REUSEPORT'): boolean => reuse === option || reuse === 'both';

/**
 * socket(7): with SO_REUSEADDR on both, bind is allowed "except when there is an active listening socket"; with
 * SO_REUSEPORT on both (and one user), always.
 */
function mayShare(first: Reuse, second: Reuse, state: State): boolean {
  if (has(first, 'REUSEPORT') && has(second, 'REUSEPORT')) return true;
  return has(first, 'REUSEADDR') && has(second, 'REUSEADDR') && state !== 'listening';
}

const reusePairs: readonly (readonly [Reuse, Reuse])[] = [
  ...(['none', 'REUSEADDR', 'REUSEPORT'] as const).flatMap((a) =>
    (['none', 'REUSEADDR', 'REUSEPORT'] as const).map((b) => [a, b] as const),
  ),
  ['both', 'both'],
];

const REUSE_NOTE =
  'Linux needs the option on both sockets and never lets a wildcard and a specific listener share by SO_REUSEADDR, as BSD does.';

function reuseGroup(domain: 'inet' | 'inet6', addressPairs: readonly (readonly [string, string])[]): Group {
  const group = new Group(`${domain}: who may bind to a port that is taken`);
  const any = domain === 'inet' ? '0.0.0.0' : '[::]';
  for (const type of ['stream', 'dgram'] as const) {
    for (const state of type === 'stream' ? (['bound', 'listening'] as const) : (['bound'] as const)) {
      for (const [a, b] of addressPairs) {
        for (const [first, second] of reusePairs) {
          const overlap = a === b || a === any || b === any;
          const outcome = !overlap || mayShare(first, second, state) ? 'ok' : 'EADDRINUSE';
          group.add(
            `${domain}/${type}/${a} ${state} with ${first}, then ${b} with ${second}/bind → ${outcome}`,
            'socket(7) SO_REUSEADDR, SO_REUSEPORT',
            `p = port
             a = socket ${domain} ${type}
             ${setting('a', first)}
             bind a ${a}:p
             ${state === 'listening' ? 'listen a' : ''}
             b = socket ${domain} ${type}
             ${setting('b', second)}
             bind b ${b}:p -> ${outcome}
             getsockname b -> ${outcome === 'ok' ? `${b}:p` : `${any}:0`}`,
            REUSE_NOTE,
          );
        }
      }
    }
  }
  return group;
}

/** A kind of address that a socket binds to, and which peers it then hears. */
interface Scope {
  readonly name: string;
  readonly domain: 'inet' | 'inet6';
  readonly only: 0 | 1;
  readonly address: string;
  readonly hears: readonly ('4lo' | '4other' | '6lo' | '6other')[];
}

const scopes: readonly Scope[] = [
  { name: '0.0.0.0', domain: 'inet', only: 0, address: '0.0.0.0', hears: ['4lo', '4other'] },
  { name: '127.0.0.1', domain: 'inet', only: 0, address: '127.0.0.1', hears: ['4lo'] },
  { name: '[::]', domain: 'inet6', only: 0, address: '[::]', hears: ['4lo', '4other', '6lo', '6other'] },
  { name: '[::] V6ONLY', domain: 'inet6', only: 1, address: '[::]', hears: ['6lo', '6other'] },
  { name: '[::1]', domain: 'inet6', only: 0, address: '[::1]', hears: ['6lo'] },
  { name: '[::ffff:127.0.0.1]', domain: 'inet6', only: 0, address: '[::ffff:127.0.0.1]', hears: ['4lo'] },
];

function scopeGroup(): Group {
  const group = new Group('IPV6_V6ONLY: who may bind to a port that is taken');
  for (const type of ['stream', 'dgram']) {
    for (const first of scopes) {
      for (const second of scopes) {
        const overlap = first.hears.some((peer) => second.hears.includes(peer));
        const open = (name: string, { domain, only }: Scope): string =>
          `${name} = socket ${domain} ${type}\n${domain === 'inet6' ? `set ${name} IPV6_V6ONLY ${only}` : ''}`;
        const outcome = overlap ? 'EADDRINUSE' : 'ok';
        group.add(
          `${type}/${first.name}, then ${second.name}/bind → ${outcome}`,
          'ipv6(7) IPV6_V6ONLY, RFC 3493 §5.3',
          `p = port
           ${open('a', first)}
           bind a ${first.address}:p
           ${open('b', second)}
           bind b ${second.address}:p -> ${outcome}`,
        );
      }
    }
  }
  return group;
}

export const bindGroups: readonly Group[] = [
  reuseGroup('inet', [
    ['0.0.0.0', '0.0.0.0'],
    ['0.0.0.0', '127.0.0.1'],
    ['127.0.0.1', '0.0.0.0'],
    ['127.0.0.1', '127.0.0.1'],
    ['127.0.0.1', '127.0.0.2'],
  ]),
  reuseGroup('inet6', [
    ['[::]', '[::1]'],
    ['[::1]', '[::1]'],
  ]),
  scopeGroup(),
];
