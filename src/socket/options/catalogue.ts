/**
 * The catalogue: every option with what is to be said of it, and every other number with a C name. The texts stand in
 * tables (notes-*.ts) that are read when first asked for, so that a program that only sets options pays nothing.
 */
import { IP } from './ip.ts';
import { IPV6 } from './ipv6.ts';
import { MCAST, MCAST6 } from './mcast.ts';
import { NETLINK } from './netlink.ts';
import { constantNotes } from './notes-constants.ts';
import { inetNotes } from './notes-inet.ts';
import { socketNotes } from './notes-socket.ts';
import { PACKET } from './packet.ts';
import { ICMPV6, RAW } from './raw.ts';
import type { Option } from './row.ts';
import { SO } from './so.ts';
import { MPTCP, TCP, TLS } from './tcp.ts';
import { UDP, UDPLITE } from './udp.ts';
import { VSOCK } from './vsock.ts';
import { XDP } from './xdp.ts';

/** An option with its texts. */
export interface OptionRow extends Option<unknown> {
  /** Name of the level: `SOL_SOCKET`. */
  readonly levelName: string;
  /** The first kernel that has it: `2.6.37`. */
  readonly since: string;
  /** Where it is described: a man page, `tcp(7)`, or else a header, `linux/tcp.h`. */
  readonly man: string;
  /** The capability that setting it takes, if any: `CAP_NET_ADMIN`. */
  readonly privilege?: string;
  /** What it does, in one sentence. */
  readonly text: string;
}

/** A number with a C name that is no option. */
export interface ConstantRow {
  readonly name: string;
  readonly value: number;
  /** Prefix of its group: `MSG`. */
  readonly group: string;
  readonly text: string;
}

/** What the group of a constant is, and where it is described. */
export interface ConstantGroup {
  readonly prefix: string;
  readonly title: string;
  readonly source: string;
}

/** The levels with their options; the objects hold rows only. */
const levels: readonly (readonly [levelName: string, options: object])[] = [
  ['SOL_SOCKET', SO],
  ['IPPROTO_IP', IP],
  ['IPPROTO_IPV6', IPV6],
  ['IPPROTO_IP', MCAST],
  ['IPPROTO_IPV6', MCAST6],
  ['IPPROTO_TCP', TCP],
  ['SOL_TLS', TLS],
  ['SOL_MPTCP', MPTCP],
  ['IPPROTO_UDP', UDP],
  ['SOL_UDPLITE', UDPLITE],
  ['SOL_RAW', RAW],
  ['SOL_ICMPV6', ICMPV6],
  ['SOL_PACKET', PACKET],
  ['SOL_NETLINK', NETLINK],
  ['AF_VSOCK', VSOCK],
  ['SOL_XDP', XDP],
];

interface Catalogue {
  readonly options: readonly OptionRow[];
  readonly byName: ReadonlyMap<string, OptionRow>;
  readonly constants: readonly ConstantRow[];
  readonly groups: readonly ConstantGroup[];
}

let made: Catalogue | undefined;

function catalogue(): Catalogue {
  made ??= make();
  return made;
}

function make(): Catalogue {
  const notes = new Map<string, Pick<OptionRow, 'since' | 'man' | 'privilege' | 'text'>>();
  for (const line of linesOf(socketNotes + inetNotes)) {
    const [name, since, man, privilege, text] = line.split(' | ') as [string, string, string, string, string];
    notes.set(name, { since, man, text, ...(privilege === '-' ? {} : { privilege }) });
  }
  const options = levels.flatMap(([levelName, level]) =>
    (Object.values(level) as Option<unknown>[]).map((option): OptionRow => {
      const note = notes.get(option.name);
      if (note === undefined) throw new Error(`${option.name} has no line in the notes`);
      return { ...option, levelName, ...note };
    }),
  );
  const byName = new Map<string, OptionRow>();
  // MCAST_* stand at two levels: the first, IPv4's, answers to the plain name.
  for (const row of options) if (!byName.has(row.name)) byName.set(row.name, row);
  return { options, byName, ...constantsOf() };
}

function constantsOf(): Pick<Catalogue, 'constants' | 'groups'> {
  const constants: ConstantRow[] = [];
  const groups: ConstantGroup[] = [];
  for (const line of linesOf(constantNotes)) {
    const [name, second, third] = line.split(' | ') as [string, string, string];
    if (name.startsWith('# ')) groups.push({ prefix: name.slice(2), title: second, source: third });
    else constants.push({ name, value: Number(second), group: groups.at(-1)?.prefix ?? '', text: third });
  }
  groups.splice(1, 0, { prefix: 'PF', title: 'protocol families', source: 'linux/socket.h' });
  for (const { name, value, group } of constants.filter((row) => row.group === 'AF')) {
    const text = `The same number as ${name}.`;
    constants.push({ name: name.replace(group, 'PF'), value, group: 'PF', text });
  }
  return { constants, groups };
}

function linesOf(table: string): string[] {
  return table.split('\n').filter((line) => line !== '');
}

/** Every socket option, level by level; second names (`alias`) among them. */
export function optionRows(): readonly OptionRow[] {
  return catalogue().options;
}

/**
 * The row of an option by its C name; undefined when there is none.
 * @param level for MCAST_*, which stand at IPPROTO_IP and at IPPROTO_IPV6
 * @example
 * ```ts
 * import { describeOption, optionNamed } from 'barewire';
 * const row = optionNamed('SO_REUSEADDR');
 * if (row !== undefined) console.log(describeOption(row));
 * ```
 */
export function optionNamed(name: string, level?: number): OptionRow | undefined {
  const { byName, options } = catalogue();
  if (level === undefined) return byName.get(name);
  return options.find((row) => row.name === name && row.level === level);
}

/** The row of an option by its numbers, as a system call has them; undefined when there is none. */
export function optionNumbered(level: number, number: number): OptionRow | undefined {
  return catalogue().options.find((row) => row.level === level && row.number === number && row.alias === undefined);
}

/** Every number with a C name that is no option: families, types, flags, values of options. */
export function constantRows(): readonly ConstantRow[] {
  return catalogue().constants;
}

/** The groups that `constantRows` come in. */
export function constantGroups(): readonly ConstantGroup[] {
  return catalogue().groups;
}

const ACCESS = { rw: 'read and set', r: 'read only', w: 'set only' } as const;

/** A row in a few lines of text: what it is, its type and access, where it is described. */
export function describeOption(row: OptionRow): string {
  const { name, levelName, number, type, access, since, man, privilege, text, alias } = row;
  const facts = [type.name, ACCESS[access], `since Linux ${since}`, ...(privilege === undefined ? [] : [privilege])];
  const second = alias === undefined ? [] : [`another name of ${alias}`];
  return [`${name} (${levelName} ${number}): ${text}`, `  ${[...facts, ...second, man].join('; ')}`].join('\n');
}
