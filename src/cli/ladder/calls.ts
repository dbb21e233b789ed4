/** System calls in a few cells: `connect(10.77.0.2:8888)`, `recv → 5 "hello"`, each from the fullest to the barest. */
import type { CallArgument, CallEnter, CallExit } from '../../trace/event.ts';
import { visible } from '../text.ts';
import type { Glyphs } from './glyphs.ts';

const DOMAINS: Readonly<Record<number, string>> = {
  1: 'AF_UNIX',
  2: 'AF_INET',
  10: 'AF_INET6',
  16: 'AF_NETLINK',
  17: 'AF_PACKET',
};
const TYPES: Readonly<Record<number, string>> = {
  1: 'SOCK_STREAM',
  2: 'SOCK_DGRAM',
  3: 'SOCK_RAW',
  5: 'SOCK_SEQPACKET',
};
const HOWS: Readonly<Record<number, string>> = { 0: 'SHUT_RD', 1: 'SHUT_WR', 2: 'SHUT_RDWR' };
/** Arguments whose value is data that travels, under the names that producers give them. */
const DATA = new Set(['buf', 'data', 'text']);
const LENGTHS = new Set(['len', 'length', 'size']);
/** Arguments that say nothing when they are 0. */
const USUALLY_ZERO = new Set(['flags', 'protocol']);

function symbol(name: string, value: CallArgument): string {
  if (typeof value === 'number') {
    if (name === 'domain') return DOMAINS[value] ?? String(value);
    // SOCK_NONBLOCK and SOCK_CLOEXEC ride in the same number.
    if (name === 'type') return TYPES[value & 0xf] ?? String(value);
    if (name === 'how') return HOWS[value] ?? String(value);
  }
  return value === null ? '' : String(value);
}

/** Replaces addresses by host names: `10.77.0.2:8888` becomes `server:8888`. */
export type NameAddress = (text: string) => string;

/** How a call begins. */
export function enterTexts(call: CallEnter, glyphs: Glyphs, nameAddress: NameAddress): string[] {
  const ascii = glyphs.arrow !== '→';
  const given = Object.entries(call.args).filter(([, value]) => value !== null && value !== '');
  const hasData = given.some(([name]) => DATA.has(name));
  const full: string[] = [];
  const named: string[] = [];
  for (const [name, value] of given) {
    if (USUALLY_ZERO.has(name) && (value === 0 || value === '0')) continue;
    if (hasData && LENGTHS.has(name)) continue;
    const text =
      DATA.has(name) && typeof value === 'string' ? `"${visible(value, ascii)}"` : visible(symbol(name, value), ascii);
    full.push(text);
    named.push(nameAddress(text).replace(/^(?:SOCK|AF)_/, ''));
  }
  // Of an address the port says more than nothing.
  const port = /:\d+$/.exec(full.length === 1 ? full[0]! : '')?.[0];
  const bare = full.length === 0 ? `${call.name}()` : `${call.name}(${glyphs.ellipsis})`;
  return [
    `${call.name}(${full.join(', ')})`,
    `${call.name}(${named.join(', ')})`,
    `${call.name}(${port ?? named[0] ?? ''})`,
    bare,
  ];
}

/** What came back, without the name of the call. */
function resultTexts(name: string, exit: CallExit, glyphs: Glyphs, nameAddress: NameAddress): string[] {
  const ascii = glyphs.arrow !== '→';
  if (exit.ret < 0) {
    return exit.errno === undefined ? [`${glyphs.minus}1`] : [`${glyphs.minus}1 ${exit.errno}`, exit.errno];
  }
  const ret = String(exit.ret);
  const out = Object.entries(exit.out ?? {}).filter(([, value]) => value !== null && value !== '');
  const texts: string[] = [];
  if (out.length > 0) {
    const shown = (plain: boolean): string =>
      out
        .map(([key, value]) =>
          DATA.has(key)
            ? `"${visible(String(value), ascii)}"`
            : visible(plain ? String(value) : nameAddress(String(value)), ascii),
        )
        .join(' ');
    texts.push(`${ret} ${shown(true)}`, `${ret} ${shown(false)}`);
    const [key, value] = out[0]!;
    if (out.length > 1 && DATA.has(key)) texts.push(`${ret} "${visible(String(value), ascii)}"`);
  } else if (exit.ret === 0 && /^(?:recv|read)/.test(name)) {
    texts.push('0 end of stream', '0 end');
  }
  return [...texts, ret];
}

/** How a call ends, in a row of its own. */
export function exitTexts(name: string, exit: CallExit, glyphs: Glyphs, nameAddress: NameAddress): string[] {
  const results = resultTexts(name, exit, glyphs, nameAddress);
  return results.flatMap((result) => [`${name} ${glyphs.arrow} ${result}`, `${glyphs.arrow} ${result}`]);
}

/** A call that returned at once, in one row. */
export function instantTexts(call: CallEnter, exit: CallExit, glyphs: Glyphs, nameAddress: NameAddress): string[] {
  const [full, named, first, bare] = enterTexts(call, glyphs, nameAddress) as [string, string, string, string];
  const results = resultTexts(call.name, exit, glyphs, nameAddress);
  const joined = (text: string, result: string): string => `${text} ${glyphs.arrow} ${result}`;
  const least = results.at(-1)!;
  return [
    ...results.flatMap((result) => [joined(full, result), joined(named, result)]),
    joined(first, least),
    joined(bare, least),
    joined(call.name, least),
  ];
}
