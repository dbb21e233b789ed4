/** A case of the conformance table: a script, a readable id, and where its rule is written. */
import { parseScript, type Step } from './language.ts';

/** What a host may be without; a case that needs it is skipped there, with the host's reason. */
export type Need = 'inet6' | 'unix' | 'raw' | 'oob' | 'ioctl' | 'packet' | 'netlink' | 'dup' | 'unprivileged';

export interface Case {
  /** As a path: `inet/stream/connected/peer-closed/recv → ""`. */
  readonly id: string;
  /** The man page, RFC section or POSIX page that the expected values come from. */
  readonly source: string;
  /** Where Linux and POSIX (or the RFC) differ: what Linux does is expected, and this says what the other says. */
  readonly note: string | undefined;
  readonly needs: ReadonlySet<Need>;
  readonly steps: readonly Step[];
}

/** Cases about one subject: a row of counts in the printed table, one test in vitest. */
export class Group {
  readonly subject: string;
  readonly cases: Case[] = [];
  readonly #ids = new Set<string>();

  constructor(subject: string) {
    this.subject = subject;
  }

  /** @param more what the script needs beside what can be read off it */
  add(id: string, source: string, script: string, note?: string, more: readonly Need[] = []): void {
    if (this.#ids.has(id)) throw new TypeError(`two cases are called '${id}'`);
    this.#ids.add(id);
    const steps = parseScript(script);
    const names = steps.flatMap(({ makes }) => makes);
    if (new Set(names).size !== names.length) throw new TypeError(`'${id}' makes two sockets of one name`);
    this.cases.push({ id, source, note, steps, needs: needsOf(steps, more) });
  }
}

/** What a script cannot do without can be read off it. */
function needsOf(steps: readonly Step[], more: readonly Need[]): ReadonlySet<Need> {
  const needs = new Set<Need>(more);
  for (const { call, args, flags } of steps) {
    if (call === 'socket' || call === 'socketpair') {
      const [domain, type] = args;
      if (domain === 'inet6' || domain === 'unix' || domain === 'packet' || domain === 'netlink') needs.add(domain);
      // Who asks for no privilege asks to be refused.
      if (type === 'raw' && domain !== 'unix' && !more.includes('unprivileged')) needs.add('raw');
    }
    if (call === 'ioctl' || call === 'dup') needs.add(call);
    if (flags.includes('OOB')) needs.add('oob');
  }
  return needs;
}

/** A family as the products go over it: how its sockets are bound where a peer can reach them. */
export interface Family {
  readonly name: 'inet' | 'inet6' | 'unix';
  /** A loopback address that binds each time to a port, or name, of its own. */
  readonly here: (name: string) => string;
  /** The text that getsockname gives for the socket of that name once bound there. */
  readonly bound: (name: string) => string;
  /** What getsockname gives before bind. */
  readonly unbound: string;
}

export const INET: Family = {
  name: 'inet',
  here: () => '127.0.0.1:0',
  bound: (name) => `127.0.0.1:${name}`,
  unbound: '0.0.0.0:0',
};
export const INET6: Family = {
  name: 'inet6',
  here: () => '[::1]:0',
  bound: (name) => `[::1]:${name}`,
  unbound: '[::]:0',
};
export const UNIX: Family = {
  name: 'unix',
  here: (name) => `path:${name}`,
  bound: (name) => `path:${name}`,
  unbound: 'unnamed',
};
