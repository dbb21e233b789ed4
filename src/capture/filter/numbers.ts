/** Relations between numbers: `tcp[tcpflags] & tcp-syn != 0`, `len > 1000`, as loads and tests. */
import { always, and, type Condition, type Graph, type Load, not, TESTS } from './graph.ts';
import { alu } from './interpret.ts';
import type { LinkLayer } from './link.ts';
import { ETHER_TYPES, IP_PROTOCOLS } from './names.ts';
import {
  ABS,
  ADD,
  ALU,
  AND,
  B,
  DIV,
  H,
  IMM,
  IND,
  type Instruction,
  K,
  LD,
  LDX,
  LEN,
  LSH,
  MEM,
  MEMORY_WORDS,
  MISC,
  MOD,
  MSH,
  MUL,
  NEG,
  OR,
  RSH,
  ST,
  SUB,
  TAX,
  W,
  X,
  XOR,
} from './program.ts';
import { type Arithmetic, type Expression, FilterError, type Span } from './syntax.ts';

const OPERATIONS: Readonly<Record<string, number>> = {
  '+': ADD,
  '-': SUB,
  '*': MUL,
  '/': DIV,
  '%': MOD,
  '&': AND,
  '|': OR,
  '^': XOR,
  '<<': LSH,
  '>>': RSH,
};
const SIZES: Readonly<Record<number, number>> = { 1: B, 2: H, 4: W };

type RelationExpression = Extract<Expression, { readonly kind: 'relation' }>;
type LoadExpression = Extract<Arithmetic, { readonly kind: 'load' }>;

/** What a relation needs of the rest of the compiler. */
export interface NumberContext {
  readonly graph: Graph;
  readonly link: LinkLayer;
  readonly expression: string;
  /** A protocol alone, as `tcp` in the expression. */
  protocol(name: string, span: Span): Condition;
  /** IPv4 with this protocol and not a later fragment: its header length says where the transport header is. */
  firstFragmentOf(protocol: number, span: Span): Condition;
}

const instruction = (code: number, k = 0): Instruction => ({ code, jt: 0, jf: 0, k: k >>> 0 });

export function relation({ relation: sign, left, right, span }: RelationExpression, context: NumberContext): Condition {
  const numbers = new Numbers(context);
  const a = numbers.fold(left);
  const b = numbers.fold(right);
  const needs = [...numbers.protocols(a), ...numbers.protocols(b)];
  return and(...needs, numbers.compare(sign, a, b, span));
}

class Numbers {
  readonly #context: NumberContext;

  constructor(context: NumberContext) {
    this.#context = context;
  }

  /** The same with every operation on two constants done. */
  fold(value: Arithmetic): Arithmetic {
    if (value.kind === 'load') return { ...value, offset: this.fold(value.offset) };
    if (value.kind === 'negate') {
      const operand = this.fold(value.operand);
      return operand.kind === 'number' ? { kind: 'number', value: -operand.value >>> 0 } : { kind: 'negate', operand };
    }
    if (value.kind !== 'binary') return value;
    const left = this.fold(value.left);
    const right = this.fold(value.right);
    const operation = OPERATIONS[value.operator] as number;
    if (right.kind === 'number' && right.value === 0 && (operation === DIV || operation === MOD)) {
      throw new FilterError('division by zero', this.#context.expression, value.span);
    }
    if (left.kind === 'number' && right.kind === 'number') {
      return { kind: 'number', value: alu(operation, left.value, right.value) >>> 0 };
    }
    return { ...value, left, right };
  }

  /** What must hold before a value may be looked at: `tcp[0]` is asked of TCP only. */
  protocols(value: Arithmetic): Condition[] {
    if (value.kind === 'negate') return this.protocols(value.operand);
    if (value.kind === 'binary') return [...this.protocols(value.left), ...this.protocols(value.right)];
    if (value.kind !== 'load') return [];
    return [...this.protocols(value.offset), this.#protocolOf(value)];
  }

  #protocolOf({ protocol, span }: LoadExpression): Condition {
    const { link } = this.#context;
    if (protocol === 'ether' || protocol === 'link') return always;
    if (protocol === 'ip') return link.ip(span);
    if (ETHER_TYPES.has(protocol)) return this.#context.protocol(protocol, span);
    if (protocol === 'icmp6') return this.#context.protocol('icmp6', span);
    const known = IP_PROTOCOLS.get(protocol);
    if (known === undefined) {
      throw new FilterError(`'${protocol}' has no bytes that can be asked for`, this.#context.expression, span);
    }
    return this.#context.firstFragmentOf(known.number, span);
  }

  compare(sign: RelationExpression['relation'], left: Arithmetic, right: Arithmetic, span: Span): Condition {
    if (sign === '!=') return not(this.compare('=', left, right, span));
    if (sign === '<=') return not(this.compare('>', left, right, span));
    if (sign === '<') return not(this.compare('>=', left, right, span));
    const test = sign === '=' ? TESTS.equal : sign === '>' ? TESTS.greater : TESTS.greaterOrEqual;
    const { graph } = this.#context;
    if (right.kind === 'number') {
      const bits = this.#asBitTest(sign, left, right.value, span);
      return bits ?? graph.test(this.#load(left, 0, span), test, right.value, span);
    }
    // The right side waits in memory while the left one is computed, and is compared with from X.
    const load = [
      ...this.#load(right, 0, span),
      instruction(ST, 0),
      ...this.#load(left, 1, span),
      instruction(LDX + MEM, 0),
    ];
    return graph.test(load, test + X, 0, span);
  }

  /** `value & mask = 0` is one instruction: jset. */
  #asBitTest(sign: string, left: Arithmetic, value: number, span: Span): Condition | undefined {
    if (left.kind !== 'binary' || left.operator !== '&' || left.right.kind !== 'number') return undefined;
    const isAny = this.#context.graph.test(this.#load(left.left, 0, span), TESTS.bits, left.right.value, span);
    if (value === 0 && sign === '=') return not(isAny);
    if (value === 0 && sign === '>') return isAny;
    return undefined;
  }

  /** Instructions that leave the value in the accumulator, with memory free from word `free` on. */
  #load(value: Arithmetic, free: number, span: Span): Load {
    if (free >= MEMORY_WORDS)
      throw new FilterError('too many brackets for sixteen words', this.#context.expression, span);
    switch (value.kind) {
      case 'number':
        return [instruction(LD + IMM, value.value)];
      case 'length':
        return [instruction(LD + W + LEN)];
      case 'negate':
        return [...this.#load(value.operand, free, span), instruction(ALU + NEG)];
      case 'load':
        return this.#bytes(value, free);
      case 'binary': {
        const operation = ALU + (OPERATIONS[value.operator] as number);
        if (value.right.kind === 'number') {
          return [...this.#load(value.left, free, span), instruction(operation + K, value.right.value)];
        }
        return [
          ...this.#load(value.right, free, span),
          instruction(ST, free),
          ...this.#load(value.left, free + 1, span),
          instruction(LDX + MEM, free),
          instruction(operation + X),
        ];
      }
    }
  }

  #bytes({ protocol, offset, size, span }: LoadExpression, free: number): Load {
    const { link } = this.#context;
    const isLink = protocol === 'ether' || protocol === 'link';
    const isNetwork = ETHER_TYPES.has(protocol);
    const base = isLink ? 0 : protocol === 'icmp6' ? link.networkAt + 40 : link.networkAt;
    const width = SIZES[size] as number;
    const isFixed = isLink || isNetwork || protocol === 'icmp6';
    if (isFixed) {
      if (offset.kind === 'number') return [instruction(LD + width + ABS, base + offset.value)];
      return [...this.#load(offset, free, span), instruction(MISC + TAX), instruction(LD + width + IND, base)];
    }
    const header = instruction(LDX + B + MSH, base);
    if (offset.kind === 'number') return [header, instruction(LD + width + IND, base + offset.value)];
    return [
      ...this.#load(offset, free, span),
      instruction(ST, free),
      header,
      instruction(LD + MEM, free),
      instruction(ALU + ADD + X),
      instruction(MISC + TAX),
      instruction(LD + width + IND, base),
    ];
  }
}

/** `less N`, `greater N`. */
export function lengthTest(graph: Graph, name: 'less' | 'greater', bytes: number, span: Span): Condition {
  const load = [instruction(LD + W + LEN)];
  if (name === 'greater') return graph.test(load, TESTS.greaterOrEqual, bytes, span);
  return not(graph.test(load, TESTS.greater, bytes, span));
}
