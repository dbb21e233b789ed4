/**
 * Filter expressions as trees. `and` and `or` bind equally and group from the left, as pcap-filter(7) says; `not` binds
 * closer. An id without qualifiers takes those of the id before it: `port 80 or 443`.
 */
import { type Token, tokens } from './lexer.ts';
import { FIELD_NUMBERS, KEYWORDS, PROTOCOLS } from './names.ts';
import {
  type Arithmetic,
  type Direction,
  type Expression,
  FilterError,
  type Id,
  type IdType,
  type Qualifiers,
  type Relation,
  type Span,
} from './syntax.ts';

const RELATIONS: Readonly<Record<string, Relation>> = {
  '=': '=',
  '==': '=',
  '!=': '!=',
  '<': '<',
  '>': '>',
  '<=': '<=',
  '>=': '>=',
};
/** Loosest first. */
const BINARY: readonly (readonly string[])[] = [['|'], ['^'], ['&'], ['<<', '>>'], ['+', '-'], ['*', '/', '%']];
const ID_TYPES: ReadonlySet<string> = new Set(['host', 'net', 'port', 'portrange', 'proto']);
/** Keywords that stand alone, and those that may have a number. */
const ALONE: ReadonlySet<string> = new Set(['broadcast', 'multicast', 'inbound', 'outbound', 'pppoed']);
const WITH_NUMBER: ReadonlySet<string> = new Set(['less', 'greater', 'vlan', 'mpls', 'pppoes']);
/** Deep enough for people; a fence against expressions made to overflow the stack. */
const DEEPEST = 200;

const NONE: Qualifiers = { protocol: undefined, direction: undefined, type: undefined };

/** @returns undefined for an empty expression, which keeps every packet */
export function parseFilter(expression: string): Expression | undefined {
  const parser = new Parser(expression);
  return parser.parse();
}

/** Decimal, octal with a leading 0, hexadecimal with 0x; undefined for anything else or beyond 32 bits. */
export function numberOf(text: string): number | undefined {
  if (!/^(?:0x[0-9a-f]+|\d+)$/i.test(text)) return undefined;
  const isOctal = /^0\d/.test(text);
  if (isOctal && !/^[0-7]+$/.test(text)) return undefined;
  const value = isOctal ? Number.parseInt(text, 8) : Number(text);
  return value <= 0xffff_ffff ? value : undefined;
}

class Parser {
  readonly #expression: string;
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;
  #last: Qualifiers = NONE;

  constructor(expression: string) {
    this.#expression = expression;
    this.#tokens = tokens(expression);
  }

  parse(): Expression | undefined {
    if (this.#peek().kind === 'end') return undefined;
    const parsed = this.#expressionAt();
    if (this.#peek().kind !== 'end') throw this.#unexpected('and, or, or the end');
    return parsed;
  }

  // ---------------------------------------------------------------- tokens

  #peek(ahead = 0): Token {
    return this.#tokens[Math.min(this.#at + ahead, this.#tokens.length - 1)] as Token;
  }

  #take(): Token {
    const token = this.#peek();
    if (token.kind !== 'end') this.#at++;
    return token;
  }

  #isSign(text: string): boolean {
    const token = this.#peek();
    return token.kind === 'sign' && token.text === text;
  }

  #isWord(text: string, ahead = 0): boolean {
    const token = this.#peek(ahead);
    return token.kind === 'word' && !token.isEscaped && token.text === text;
  }

  #expectSign(text: string): void {
    if (!this.#isSign(text)) throw this.#unexpected(`'${text}'`);
    this.#at++;
  }

  #unexpected(expected: string): FilterError {
    const token = this.#peek();
    const got = token.kind === 'end' ? 'the end' : `'${token.text}'`;
    return this.#error(`expected ${expected}, got ${got}`, token);
  }

  #error(message: string, span: Span): FilterError {
    return new FilterError(message, this.#expression, span);
  }

  #spanFrom(start: number): Span {
    return { start, end: (this.#tokens[this.#at - 1] as Token).end };
  }

  // ---------------------------------------------------------------- and, or, not

  #expressionAt(): Expression {
    if (++this.#depth > DEEPEST) throw this.#error(`expected at most ${DEEPEST} levels`, this.#peek());
    let left = this.#term();
    for (;;) {
      const kind =
        this.#isWord('and') || this.#isSign('&&') ? 'and' : this.#isWord('or') || this.#isSign('||') ? 'or' : undefined;
      if (kind === undefined) break;
      this.#at++;
      left = { kind, left, right: this.#term() };
    }
    this.#depth--;
    return left;
  }

  #term(): Expression {
    if (this.#isWord('not') || this.#isSign('!')) {
      if (++this.#depth > DEEPEST) throw this.#error(`expected at most ${DEEPEST} levels`, this.#peek());
      this.#at++;
      const operand = this.#term();
      this.#depth--;
      return { kind: 'not', operand };
    }
    return this.#relation() ?? this.#primitive();
  }

  /** A relation, if one begins here; else nothing is taken. */
  #relation(): Expression | undefined {
    const before = this.#at;
    const { start } = this.#peek();
    const left = this.#beginsArithmetic() ? this.#tryArithmetic() : undefined;
    const relation = left === undefined ? undefined : RELATIONS[this.#peek().text];
    if (left === undefined || relation === undefined || this.#peek().kind !== 'sign') {
      this.#at = before;
      return undefined;
    }
    this.#at++;
    const right = this.#arithmetic(0);
    return { kind: 'relation', relation, left, right, span: this.#spanFrom(start) };
  }

  #beginsArithmetic(): boolean {
    const token = this.#peek();
    if (token.kind === 'sign') return token.text === '(' || token.text === '-';
    if (token.kind !== 'word' || token.isEscaped) return false;
    const after = this.#peek(1);
    const isIndexed = after.kind === 'sign' && after.text === '[';
    return isIndexed || token.text === 'len' || token.text === 'length' || this.#number(token) !== undefined;
  }

  /** undefined where a parenthesis turns out to hold an expression. */
  #tryArithmetic(): Arithmetic | undefined {
    if (!this.#isSign('(')) return this.#arithmetic(0);
    const { depth, last } = { depth: this.#depth, last: this.#last };
    try {
      return this.#arithmetic(0);
    } catch (error) {
      if (!(error instanceof FilterError)) throw error;
      this.#depth = depth;
      this.#last = last;
      return undefined;
    }
  }

  // ---------------------------------------------------------------- numbers

  #arithmetic(level: number): Arithmetic {
    const operators = BINARY[level];
    if (operators === undefined) return this.#factor();
    const { start } = this.#peek();
    let left = this.#arithmetic(level + 1);
    for (;;) {
      const token = this.#peek();
      if (token.kind !== 'sign' || !operators.includes(token.text)) return left;
      this.#at++;
      const right = this.#arithmetic(level + 1);
      left = { kind: 'binary', operator: token.text, left, right, span: this.#spanFrom(start) };
    }
  }

  #factor(): Arithmetic {
    if (++this.#depth > DEEPEST) throw this.#error(`expected at most ${DEEPEST} levels`, this.#peek());
    const factor = this.#factorAt();
    this.#depth--;
    return factor;
  }

  #factorAt(): Arithmetic {
    if (this.#isSign('(')) {
      this.#at++;
      const inner = this.#arithmetic(0);
      this.#expectSign(')');
      return inner;
    }
    if (this.#isSign('-')) {
      this.#at++;
      return { kind: 'negate', operand: this.#factor() };
    }
    const token = this.#peek();
    if (token.kind === 'word' && !token.isEscaped) {
      const after = this.#peek(1);
      if (after.kind === 'sign' && after.text === '[') return this.#load();
      if (token.text === 'len' || token.text === 'length') {
        this.#at++;
        return { kind: 'length' };
      }
      const value = this.#number(token);
      if (value !== undefined) {
        this.#at++;
        return { kind: 'number', value };
      }
    }
    throw this.#unexpected('a number, len, or a protocol with [offset]');
  }

  #number(token: Token): number | undefined {
    return FIELD_NUMBERS.get(token.text) ?? numberOf(token.text);
  }

  #load(): Arithmetic {
    const name = this.#take();
    if (!PROTOCOLS.has(name.text)) throw this.#error(`expected a protocol before '[', got '${name.text}'`, name);
    this.#expectSign('[');
    const offset = this.#arithmetic(0);
    let size = 1;
    if (this.#isSign(':')) {
      this.#at++;
      const token = this.#take();
      size = numberOf(token.text) ?? 0;
      if (size !== 1 && size !== 2 && size !== 4) {
        throw this.#error(`size: expected 1, 2 or 4 bytes, got '${token.text}'`, token);
      }
    }
    this.#expectSign(']');
    const span = this.#spanFrom(name.start);
    return { kind: 'load', protocol: name.text, offset, size: size as 1 | 2 | 4, span };
  }

  // ---------------------------------------------------------------- primitives

  #primitive(): Expression {
    if (this.#isSign('(')) {
      this.#at++;
      const inner = this.#expressionAt();
      this.#expectSign(')');
      return inner;
    }
    const { start } = this.#peek();
    const protocol = this.#protocol();
    const keyword = this.#keyword(protocol, start);
    if (keyword !== undefined) return keyword;
    const direction = this.#direction();
    const type = this.#type();
    if (protocol !== undefined && direction === undefined && type === undefined) {
      return { kind: 'protocol', name: protocol, span: this.#spanFrom(start) };
    }
    const isBare = direction === undefined && type === undefined;
    const qualifiers: Qualifiers = isBare ? this.#last : { protocol, direction, type };
    // `port (80 or 443)`: the qualifiers hold for all inside.
    if (!isBare && this.#isSign('(')) {
      this.#last = qualifiers;
      return this.#primitive();
    }
    const id = this.#id(qualifiers);
    this.#last = qualifiers;
    return { kind: 'id', qualifiers, id, span: this.#spanFrom(start) };
  }

  #protocol(): string | undefined {
    const token = this.#peek();
    if (token.kind !== 'word' || token.isEscaped || !PROTOCOLS.has(token.text)) return undefined;
    this.#at++;
    return token.text;
  }

  #keyword(protocol: string | undefined, start: number): Expression | undefined {
    const token = this.#peek();
    if (token.kind !== 'word' || token.isEscaped) return undefined;
    const name = token.text;
    if (name === 'gateway' || name === 'protochain') {
      throw this.#error(
        name === 'gateway' ? "'gateway' needs names of hosts with hardware addresses" : "'protochain' needs a loop",
        token,
      );
    }
    if (!ALONE.has(name) && !WITH_NUMBER.has(name)) return undefined;
    this.#at++;
    let value: number | undefined;
    if (WITH_NUMBER.has(name)) {
      const following = this.#peek();
      value = following.kind === 'word' ? numberOf(following.text) : undefined;
      if (value !== undefined) this.#at++;
      else if (name === 'less' || name === 'greater') throw this.#unexpected('a length in bytes');
    }
    return { kind: 'keyword', name, protocol, value, span: this.#spanFrom(start) };
  }

  #direction(): Direction | undefined {
    const first = this.#isWord('src') ? 'src' : this.#isWord('dst') ? 'dst' : undefined;
    if (first === undefined) return undefined;
    this.#at++;
    const joint = this.#isWord('or') ? 'or' : this.#isWord('and') ? 'and' : undefined;
    const other = first === 'src' ? 'dst' : 'src';
    if (joint === undefined || !this.#isWord(other, 1)) return first;
    // `src or dst port 1` is one direction; `src 1.2.3.4 or dst 5.6.7.8` never comes here.
    this.#at += 2;
    return `src ${joint} dst`;
  }

  #type(): IdType | undefined {
    const token = this.#peek();
    if (token.kind !== 'word' || token.isEscaped || !ID_TYPES.has(token.text)) return undefined;
    this.#at++;
    return token.text as IdType;
  }

  #id({ type }: Qualifiers): Id {
    const token = this.#peek();
    const isName =
      token.kind === 'address' || (token.kind === 'word' && (token.isEscaped || !KEYWORDS.has(token.text)));
    // `ip proto tcp` without the backslash is what people write; nothing else can be meant there.
    const isProtocol = type === 'proto' && token.kind === 'word';
    if (!isName && !isProtocol) throw this.#unexpected('an address, a name or a number');
    this.#at++;
    const { text, isEscaped } = token;
    if (this.#isSign('/')) {
      this.#at++;
      const bits = this.#take();
      const prefix = /^\d{1,3}$/.test(bits.text) ? Number(bits.text) : undefined;
      if (prefix === undefined) throw this.#error(`prefix length: expected a number, got '${bits.text}'`, bits);
      return { text, isEscaped, prefix, mask: undefined };
    }
    if (!this.#isWord('mask')) return { text, isEscaped, prefix: undefined, mask: undefined };
    this.#at++;
    return { text, isEscaped, prefix: undefined, mask: this.#take().text };
  }
}
