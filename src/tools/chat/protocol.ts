/**
 * The chat's protocol: lines of UTF-8, so that `nc` or a ten-line C program is a client.
 *
 * To the server: a line is said to everybody; `/name NAME`, `/who`, `/quit` (or `/bye`), `/alive` are commands;
 * `//text` says `/text`.
 *
 * From the server: `NAME: text` is what somebody said; `you: text` gives a line back to the one who sent it; a line
 * that begins with `* ` is a notice. Every line of a client is answered with at least one line, because the textbook
 * client waits in read(2) after each of its own. The server never speaks first to a client that has not said a line
 * and has been there for less than `GREETING_MS`: a client that begins with `/name` gets `* welcome NAME` before
 * anything else and so knows whom it talks to; a client that sends bare lines gets no greeting, which would put the
 * textbook client one answer behind for ever.
 */
import { formatSocketAddress, type SocketAddress } from '../../addr/sockaddr.ts';

/** How long the server waits for a first line before it takes a client as one that never says its name. */
export const GREETING_MS = 300;

/** How often a UDP client says that it is still there, and when the server stops believing it. */
export const ALIVE_EVERY_MS = 20_000;
export const ALIVE_LIMIT_MS = 60_000;

/** Longest line over UDP: with the sender's name it has to fit one datagram (65,507 bytes). */
export const MAX_UDP_LINE_BYTES = 61_440;

export const OWN_NAME = 'you';
export const SERVER_NAME = 'server';

const MAX_NAME_LENGTH = 32;
const LISTED_NAMES = 20;

export type ClientLine =
  | { readonly kind: 'say'; readonly text: string }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'who' }
  | { readonly kind: 'quit' }
  | { readonly kind: 'alive' }
  | { readonly kind: 'unknown'; readonly command: string };

export function parseClientLine(text: string): ClientLine {
  if (!text.startsWith('/')) return { kind: 'say', text };
  if (text.startsWith('//')) return { kind: 'say', text: text.slice(1) };
  const [command, rest = ''] = splitOnce(text.trimEnd(), ' ');
  switch (command) {
    case '/name':
      return { kind: 'name', name: rest };
    case '/who':
      return { kind: 'who' };
    case '/quit':
    case '/bye':
      return { kind: 'quit' };
    case '/alive':
      return { kind: 'alive' };
    default:
      return { kind: 'unknown', command };
  }
}

export type ServerLine =
  | { readonly kind: 'message'; readonly name: string; readonly text: string }
  | { readonly kind: 'echo'; readonly text: string }
  | { readonly kind: 'welcome'; readonly name: string; readonly text: string }
  | { readonly kind: 'joined' | 'left'; readonly names: readonly string[]; readonly more: number }
  | { readonly kind: 'renamed'; readonly from: string; readonly to: string }
  | { readonly kind: 'named'; readonly name: string }
  | { readonly kind: 'alive' }
  | { readonly kind: 'stranger' }
  | { readonly kind: 'bye' }
  | { readonly kind: 'notice'; readonly text: string }
  /** Not of this protocol. */
  | { readonly kind: 'text'; readonly text: string };

export const notice: {
  readonly welcome: (name: string, others: readonly string[]) => string;
  readonly joined: (names: readonly string[]) => string;
  readonly left: (names: readonly string[]) => string;
  readonly renamed: (from: string, to: string) => string;
  readonly named: (name: string) => string;
  readonly who: (names: readonly string[]) => string;
  readonly alive: string;
  readonly stranger: string;
  readonly bye: string;
  readonly unknown: (command: string) => string;
  readonly badName: string;
  readonly tooLong: (limit: number) => string;
  readonly full: (limit: number) => string;
  readonly closing: string;
  readonly slow: (limit: number) => string;
  readonly dropped: (name: string, why: string) => string;
} = {
  welcome: (name, others) =>
    `* welcome ${name}, ${others.length === 0 ? 'nobody else is here' : `with ${list(others)}`}`,
  joined: (names) => `* ${list(names)} joined`,
  left: (names) => `* ${list(names)} left`,
  renamed: (from, to) => `* ${from} is now ${to}`,
  named: (name) => `* you are now ${name}`,
  who: (names) => `* ${names.length} here: ${list(names)}`,
  alive: '* alive',
  stranger: '* who are you? say /name NAME',
  bye: '* bye',
  unknown: (command) => `* no command ${command}; there are /name NAME, /who, /quit, and // to begin a line with /`,
  badName: `* a name has 1 to ${MAX_NAME_LENGTH} letters, digits or . _ -`,
  tooLong: (limit) => `* line refused: longer than ${limit} bytes`,
  full: (limit) => `* no room: ${limit} are here already`,
  closing: '* the server is closing',
  slow: (limit) => `* you are disconnected: ${limit} bytes waited and you did not read them`,
  dropped: (name, why) => `* ${name} was disconnected: ${why}`,
};

export function parseServerLine(text: string): ServerLine {
  if (text.startsWith('* ')) return parseNotice(text);
  const [name, rest] = splitOnce(text, ': ');
  // fgets-style peers cut trailing blanks nowhere, so `you: ` with nothing said still has its blank.
  if (rest === undefined || name === '' || /\s/.test(name)) return { kind: 'text', text };
  if (name === OWN_NAME) return { kind: 'echo', text: rest };
  return { kind: 'message', name, text: rest };
}

function parseNotice(text: string): ServerLine {
  const welcome = /^\* welcome (\S+), /.exec(text);
  if (welcome?.[1] !== undefined) return { kind: 'welcome', name: welcome[1], text: text.slice(2) };
  const change = /^\* (.+) (joined|left)$/.exec(text);
  if (change?.[1] !== undefined) return { kind: change[2] === 'left' ? 'left' : 'joined', ...parseList(change[1]) };
  const named = /^\* you are now (\S+)$/.exec(text);
  if (named?.[1] !== undefined) return { kind: 'named', name: named[1] };
  const renamed = /^\* (\S+) is now (\S+)$/.exec(text);
  if (renamed?.[1] !== undefined && renamed[2] !== undefined) {
    return { kind: 'renamed', from: renamed[1], to: renamed[2] };
  }
  if (text === notice.alive) return { kind: 'alive' };
  if (text === notice.stranger) return { kind: 'stranger' };
  if (text === notice.bye) return { kind: 'bye' };
  return { kind: 'notice', text: text.slice(2) };
}

function list(names: readonly string[]): string {
  if (names.length <= LISTED_NAMES) return names.join(', ');
  return `${names.slice(0, LISTED_NAMES).join(', ')} and ${names.length - LISTED_NAMES} more`;
}

function parseList(text: string): { readonly names: readonly string[]; readonly more: number } {
  const more = / and (\d+) more$/.exec(text);
  const names = (more === null ? text : text.slice(0, more.index)).split(', ');
  return { names, more: Number(more?.[1] ?? 0) };
}

/** The name as it will be shown, or null when it cannot be one. */
export function cleanName(wanted: string): string | null {
  const name = wanted.normalize('NFC').trim();
  return /^[\p{L}\p{M}\p{N}._-]+$/u.test(name) && [...name].length <= MAX_NAME_LENGTH ? name : null;
}

/** The name itself, or with `-2`, `-3` … when somebody has it. `isTaken` gets it in lower case. */
export function freeName(name: string, isTaken: (lower: string) => boolean): string {
  const taken = (candidate: string): boolean => {
    const lower = candidate.toLowerCase();
    return lower === OWN_NAME || lower === SERVER_NAME || isTaken(lower);
  };
  if (!taken(name)) return name;
  for (let i = 2; ; i++) {
    if (!taken(`${name}-${i}`)) return `${name}-${i}`;
  }
}

/** How somebody without a name is called. IPv4 through a dual-stack socket reads as IPv4. */
export function addressName(address: SocketAddress): string {
  if (address.family === 'inet6' && address.address.startsWith('::ffff:') && address.address.includes('.')) {
    return `${address.address.slice('::ffff:'.length)}:${address.port}`;
  }
  return formatSocketAddress(address);
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}
