/**
 * Tests of a filter as a graph, made small, and laid out as a program.
 *
 * A node loads a value, tests it, and goes one of two ways; equal nodes are one. A condition is a function from the two
 * ends (where to go when it holds, and when not) to its first node, so `and`, `or` and `not` cost nothing: they only
 * say which end is which.
 */
import {
  ABS,
  B,
  type Instruction,
  JA,
  JEQ,
  JGE,
  JGT,
  JMP,
  JSET,
  K,
  LD,
  LDX,
  MSH,
  type Program,
  RET,
  X,
} from './program.ts';
import type { Span } from './syntax.ts';

/** Instructions that leave a value in the accumulator, whatever was in it; with `usesX` also one in X to compare with. */
export type Load = readonly Instruction[];

export interface Node {
  readonly id: number;
  readonly load: Load;
  /** Equal loads have equal keys. */
  readonly key: string;
  /** JEQ, JGT, JGE or JSET, with K or X. */
  readonly test: number;
  readonly k: number;
  readonly yes: Target;
  readonly no: Target;
  /** The part of the expression that asks. */
  readonly span: Span;
}

/** true: keep the packet; false: drop it. */
export type Target = Node | boolean;
export type Condition = (yes: Target, no: Target) => Target;

export const always: Condition = (yes) => yes;
export const never: Condition = (_, no) => no;
export const and =
  (...conditions: readonly Condition[]): Condition =>
  (yes, no) =>
    conditions.reduceRight<Target>((rest, condition) => condition(rest, no), yes);
export const or =
  (...conditions: readonly Condition[]): Condition =>
  (yes, no) =>
    conditions.reduceRight<Target>((rest, condition) => condition(yes, rest), no);
export const not =
  (condition: Condition): Condition =>
  (yes, no) =>
    condition(no, yes);

/** Makes nodes, each only once. */
export class Graph {
  readonly #nodes = new Map<string, Node>();

  node(load: Load, test: number, k: number, yes: Target, no: Target, span: Span): Target {
    if (yes === no) return yes;
    const key = load.map(({ code, k: operand }) => `${code}.${operand >>> 0}`).join(' ');
    const whole = `${key} ${test}.${k >>> 0} ${name(yes)} ${name(no)}`;
    let node = this.#nodes.get(whole);
    if (node === undefined) {
      node = { id: this.#nodes.size, load, key, test, k: k >>> 0, yes, no, span };
      this.#nodes.set(whole, node);
    }
    return node;
  }

  /** A condition of one test. */
  test(load: Load, test: number, k: number, span: Span): Condition {
    return (yes, no) => this.node(load, test, k, yes, no, span);
  }
}

const name = (target: Target): string => (typeof target === 'boolean' ? String(target) : `n${target.id}`);

// -------------------------------------------------------------------------------------------------------- made small

/** What is known of a loaded value on the way to a node. */
interface Known {
  /** Its value, when a test for equality held. */
  readonly equal: number | undefined;
  /** Tests that were made on the way, with their outcome: `${test}.${k}`. */
  readonly tests: ReadonlyMap<string, boolean>;
}

type Facts = ReadonlyMap<string, Known>;

/** Ways through a graph can be many; beyond this it stays as it is. */
const MOST_STEPS = 100_000;

class TooLarge extends Error {}

/** Leaves out every test whose outcome is known from those before it. */
export function simplify(graph: Graph, root: Target): Target {
  const reachable = new Map<number, ReadonlySet<string>>();
  const done = new Map<string, Target>();
  let steps = 0;

  function keysBelow(target: Target): ReadonlySet<string> {
    if (typeof target === 'boolean') return new Set();
    const known = reachable.get(target.id);
    if (known !== undefined) return known;
    const keys = new Set([target.key, ...keysBelow(target.yes), ...keysBelow(target.no)]);
    reachable.set(target.id, keys);
    return keys;
  }

  function visit(target: Target, facts: Facts): Target {
    if (typeof target === 'boolean') return target;
    if (++steps > MOST_STEPS) throw new TooLarge();
    const known = facts.get(target.key);
    const outcome = known === undefined ? undefined : decided(target, known);
    if (outcome !== undefined) return visit(outcome ? target.yes : target.no, facts);
    const relevant = [...facts].filter(([key]) => keysBelow(target).has(key));
    const memo = `${target.id}|${relevant.map(([key, fact]) => `${key}:${digest(fact)}`).join('|')}`;
    const before = done.get(memo);
    if (before !== undefined) return before;
    const yes = visit(target.yes, learn(facts, target, true));
    const no = visit(target.no, learn(facts, target, false));
    const result = graph.node(target.load, target.test, target.k, yes, no, target.span);
    done.set(memo, result);
    return result;
  }

  try {
    return visit(root, new Map());
  } catch (error) {
    if (error instanceof TooLarge) return root;
    throw error;
  }
}

function digest({ equal, tests }: Known): string {
  return equal !== undefined
    ? `=${equal}`
    : [...tests].map(([test, outcome]) => `${test}${outcome ? '+' : '-'}`).join();
}

function decided({ test, k }: Node, { equal, tests }: Known): boolean | undefined {
  if ((test & X) === X) return tests.get(`${test}.${k}`);
  if (equal === undefined) return tests.get(`${test}.${k}`);
  if (test === JEQ) return equal === k;
  if (test === JGT) return equal > k;
  if (test === JGE) return equal >= k;
  return (equal & k) !== 0;
}

function learn(facts: Facts, { key, test, k }: Node, outcome: boolean): Facts {
  const before = facts.get(key);
  const equal = outcome && test === JEQ ? k : before?.equal;
  const tests = new Map(before?.tests).set(`${test}.${k}`, outcome);
  return new Map(facts).set(key, { equal, tests });
}

// --------------------------------------------------------------------------------------------------------- laid out

/** How many bytes a kept packet is worth: as much as any capture file holds of one. */
export const KEEP_BYTES = 262_144;

export interface LaidOut {
  readonly program: Program;
  /** The part of the expression that each instruction comes from; the two last ones have none. */
  readonly spans: readonly (Span | undefined)[];
}

/** One node as instructions, its ends still open. */
interface Block {
  readonly node: Node;
  readonly load: Load;
  /** Ends that are too far for a jump's 8 bits go over a `ja` behind it. */
  isFar: { yes: boolean; no: boolean };
}

const KEEP: Instruction = { code: RET + K, jt: 0, jf: 0, k: KEEP_BYTES };
const DROP: Instruction = { code: RET + K, jt: 0, jf: 0, k: 0 };

export function layOut(root: Target): LaidOut {
  if (typeof root === 'boolean') return { program: [root ? KEEP : DROP], spans: [undefined] };
  const blocks = withoutKnownLoads(inOrder(root));
  // Making a jump long moves what follows, which can make another one too long: again until none is.
  for (;;) {
    const starts = startsOf(blocks);
    if (!widen(blocks, starts)) return emit(blocks, starts);
  }
}

/** Every node after all that lead to it, close to those where it can be: reverse postorder. */
function inOrder(root: Node): Node[] {
  const seen = new Set<number>();
  const order: Node[] = [];
  const visit = (target: Target): void => {
    if (typeof target === 'boolean' || seen.has(target.id)) return;
    seen.add(target.id);
    visit(target.no);
    visit(target.yes);
    order.push(target);
  };
  visit(root);
  return order.reverse();
}

/** A load is left out where every way to it leaves that value in the accumulator; of a transport load, the part for X. */
function withoutKnownLoads(order: readonly Node[]): Block[] {
  const entry = new Map<number, { a: string | undefined; x: string | undefined }>();
  const meet = (target: Target, a: string, x: string | undefined): void => {
    if (typeof target === 'boolean') return;
    const before = entry.get(target.id);
    entry.set(
      target.id,
      before === undefined ? { a, x } : { a: before.a === a ? a : undefined, x: before.x === x ? x : undefined },
    );
  };
  return order.map((node) => {
    const at = entry.get(node.id) ?? { a: undefined, x: undefined };
    const own = headerLength(node.load);
    const isKnown = at.a === node.key && (node.test & X) !== X;
    const isXKnown = own !== undefined && at.x === own;
    const load = isKnown ? [] : isXKnown ? node.load.slice(1) : node.load;
    const touchesX = node.load.some(({ code }) => (code & 0x07) === LDX || (code & 0x07) === 0x07);
    const x = isKnown ? at.x : own !== undefined ? own : touchesX ? undefined : at.x;
    meet(node.yes, node.key, x);
    meet(node.no, node.key, x);
    return { node, load, isFar: { yes: false, no: false } };
  });
}

/** `ldxb 4*([14]&0xf)` at the beginning of a load that does nothing else to X: what it reads. */
function headerLength(load: Load): string | undefined {
  const [first, ...rest] = load;
  if (first?.code !== LDX + B + MSH) return undefined;
  return rest.some(({ code }) => (code & 0x07) === LDX || (code & 0x07) === 0x07) ? undefined : `${first.k}`;
}

const sizeOf = ({ load, isFar }: Block): number => load.length + 1 + (isFar.yes ? 1 : 0) + (isFar.no ? 1 : 0);

function startsOf(blocks: readonly Block[]): Map<Target, number> {
  const starts = new Map<Target, number>();
  let at = 0;
  for (const block of blocks) {
    starts.set(block.node, at);
    at += sizeOf(block);
  }
  starts.set(true, at);
  starts.set(false, at + 1);
  return starts;
}

function widen(blocks: readonly Block[], starts: ReadonlyMap<Target, number>): boolean {
  let changed = false;
  for (const { node, load, isFar } of blocks) {
    const jump = (starts.get(node) as number) + load.length;
    for (const side of ['yes', 'no'] as const) {
      if (isFar[side] || (starts.get(node[side]) as number) - jump - 1 <= 255) continue;
      isFar[side] = true;
      changed = true;
    }
  }
  return changed;
}

function emit(blocks: readonly Block[], starts: ReadonlyMap<Target, number>): LaidOut {
  const program: Instruction[] = [];
  const spans: (Span | undefined)[] = [];
  const push = (instruction: Instruction, span: Span | undefined): void => {
    program.push(instruction);
    spans.push(span);
  };
  for (const { node, load, isFar } of blocks) {
    for (const instruction of load) push(instruction, node.span);
    const jump = program.length;
    const yes = starts.get(node.yes) as number;
    const no = starts.get(node.no) as number;
    const jt = isFar.yes ? 0 : yes - jump - 1;
    const jf = isFar.no ? (isFar.yes ? 1 : 0) : no - jump - 1;
    push({ code: JMP + node.test, jt, jf, k: node.k }, node.span);
    if (isFar.yes) push({ code: JMP + JA, jt: 0, jf: 0, k: yes - program.length - 1 }, node.span);
    if (isFar.no) push({ code: JMP + JA, jt: 0, jf: 0, k: no - program.length - 1 }, node.span);
  }
  push(KEEP, undefined);
  push(DROP, undefined);
  return { program, spans };
}

export const TESTS: Readonly<Record<'equal' | 'greater' | 'greaterOrEqual' | 'bits', number>> = {
  equal: JEQ,
  greater: JGT,
  greaterOrEqual: JGE,
  bits: JSET,
};

/** A load of `size` bytes at a fixed place. */
export function loadAt(size: number, offset: number): Load {
  return [{ code: LD + size + ABS, jt: 0, jf: 0, k: offset }];
}
