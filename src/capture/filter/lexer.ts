/** Words, addresses, numbers and signs of a filter expression. */
import { FilterError, type Span } from './syntax.ts';

export interface Token extends Span {
  /** `word` covers names, numbers and IPv4 addresses; `address` what has colons; `sign` operators and brackets. */
  readonly kind: 'word' | 'address' | 'sign' | 'end';
  readonly text: string;
  readonly isEscaped: boolean;
}

const SPACE = /\s+/y;
/** Six groups with one separator, or anything with two colons that an address may hold. */
const ADDRESS =
  /[0-9a-f]{1,2}(?:[:-][0-9a-f]{1,2}){5}(?![0-9a-f:-])|[0-9a-f]*:[0-9a-f]*:[0-9a-f:]*(?:\d+\.\d+\.\d+\.\d+)?/iy;
/** A hyphen or dot inside belongs to the word: `icmp-echo`, `80-90`, `10.0.0.1`. */
const WORD = /\\?[a-z0-9_](?:[-_.a-z0-9]*[._a-z0-9])?/iy;
const SIGN = /&&|\|\||<<|>>|==|!=|<=|>=|[!&|^+\-*/%()[\]:=<>]/y;

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

export function tokens(expression: string): Token[] {
  const found: Token[] = [];
  let at = 0;
  while (at < expression.length) {
    const space = match(SPACE, expression, at);
    if (space !== undefined) {
      at += space.length;
      continue;
    }
    const token = next(expression, at);
    found.push(token);
    at = token.end;
  }
  found.push({ kind: 'end', text: '', isEscaped: false, start: expression.length, end: expression.length });
  return found;
}

function next(expression: string, start: number): Token {
  const address = match(ADDRESS, expression, start);
  const word = match(WORD, expression, start);
  // The longer one wins: `fe80::1` is no word, `10.0.0.1` no address with colons.
  if (address !== undefined && address.length > (word?.length ?? 0)) {
    return { kind: 'address', text: address.toLowerCase(), isEscaped: false, start, end: start + address.length };
  }
  if (word !== undefined) {
    const isEscaped = word.startsWith('\\');
    return { kind: 'word', text: isEscaped ? word.slice(1) : word, isEscaped, start, end: start + word.length };
  }
  const sign = match(SIGN, expression, start);
  if (sign !== undefined) return { kind: 'sign', text: sign, isEscaped: false, start, end: start + sign.length };
  throw new FilterError(`unexpected '${expression[start]}'`, expression, { start, end: start + 1 });
}
