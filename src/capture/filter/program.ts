/**
 * Classic BPF programs: instructions, their numbers and their listing (Linux networking/filter, bpf(4) of the BSDs).
 *
 * A program is a straight row of instructions with forward jumps only. It works on an accumulator A, an index register X
 * and sixteen words of memory, reads packet bytes in network order, and ends with how many bytes of the packet to keep:
 * 0 drops it. A load beyond the packet's end ends the program with 0.
 */

export interface Instruction {
  /** Class, size, mode or operation: `BPF_LD + BPF_H + BPF_ABS`. */
  readonly code: number;
  /** How many instructions to skip when a test holds, and when it does not; 0 to 255. */
  readonly jt: number;
  readonly jf: number;
  /** The instruction's operand, an unsigned 32-bit number. */
  readonly k: number;
}

export type Program = readonly Instruction[];

export const LD = 0x00;
export const LDX = 0x01;
export const ST = 0x02;
export const STX = 0x03;
export const ALU = 0x04;
export const JMP = 0x05;
export const RET = 0x06;
export const MISC = 0x07;

/** Sizes and modes of loads. */
export const W = 0x00;
export const H = 0x08;
export const B = 0x10;
export const IMM = 0x00;
export const ABS = 0x20;
export const IND = 0x40;
export const MEM = 0x60;
export const LEN = 0x80;
export const MSH = 0xa0;

export const ADD = 0x00;
export const SUB = 0x10;
export const MUL = 0x20;
export const DIV = 0x30;
export const OR = 0x40;
export const AND = 0x50;
export const LSH = 0x60;
export const RSH = 0x70;
export const NEG = 0x80;
export const MOD = 0x90;
export const XOR = 0xa0;

export const JA = 0x00;
export const JEQ = 0x10;
export const JGT = 0x20;
export const JGE = 0x30;
export const JSET = 0x40;

/** The operand is k, or X. */
export const K = 0x00;
export const X = 0x08;

export const TAX = 0x00;
export const TXA = 0x80;
/** `ret a`. */
export const A = 0x10;

/** Words of memory, and instructions that the kernel takes at most (BPF_MEMWORDS, BPF_MAXINSNS). */
export const MEMORY_WORDS = 16;
export const MOST_INSTRUCTIONS = 4096;

/** Linux: loads from here on read what the kernel knows of the packet instead of its bytes (SKF_AD_OFF). */
export const ANCILLARY = 0xffff_f000;
export const ANCILLARY_PKTTYPE: number = ANCILLARY + 4;
export const ANCILLARY_VLAN_TAG: number = ANCILLARY + 44;
export const ANCILLARY_VLAN_TAG_PRESENT: number = ANCILLARY + 48;

const SIZES: Readonly<Record<number, string>> = { [W]: '', [H]: 'h', [B]: 'b' };
const ALU_NAMES: Readonly<Record<number, string>> = {
  [ADD]: 'add',
  [SUB]: 'sub',
  [MUL]: 'mul',
  [DIV]: 'div',
  [OR]: 'or',
  [AND]: 'and',
  [LSH]: 'lsh',
  [RSH]: 'rsh',
  [NEG]: 'neg',
  [MOD]: 'mod',
  [XOR]: 'xor',
};
const JUMP_NAMES: Readonly<Record<number, string>> = { [JEQ]: 'jeq', [JGT]: 'jgt', [JGE]: 'jge', [JSET]: 'jset' };

const hex = (k: number): string => `#0x${(k >>> 0).toString(16)}`;

function operand({ code, k }: Instruction): string {
  const mode = code & 0xe0;
  switch (code & 0x07) {
    case LD:
    case LDX:
      if (mode === ABS) return `[${k}]`;
      if (mode === IND) return `[x + ${k}]`;
      if (mode === MEM) return `M[${k}]`;
      if (mode === LEN) return '#pktlen';
      if (mode === MSH) return `4*([${k}]&0xf)`;
      return hex(k);
    case ST:
    case STX:
      return `M[${k}]`;
    case ALU:
      if ((code & 0xf0) === NEG) return '';
      return (code & X) === X ? 'x' : (code & 0xf0) === AND || (code & 0xf0) === OR ? hex(k) : `#${k}`;
    case JMP:
      return (code & X) === X ? 'x' : hex(k);
    case RET:
      return (code & A) === A ? 'a' : `#${k}`;
    default:
      return '';
  }
}

function mnemonic({ code }: Instruction): string {
  switch (code & 0x07) {
    case LD:
      return `ld${SIZES[code & 0x18] ?? '?'}`;
    case LDX:
      return (code & 0xe0) === MSH ? 'ldxb' : 'ldx';
    case ST:
      return 'st';
    case STX:
      return 'stx';
    case ALU:
      return ALU_NAMES[code & 0xf0] ?? 'alu?';
    case JMP:
      return (code & 0xf0) === JA ? 'ja' : (JUMP_NAMES[code & 0xf0] ?? 'jmp?');
    case RET:
      return 'ret';
    default:
      return (code & 0xf8) === TXA ? 'txa' : 'tax';
  }
}

/** One line for an instruction, as `tcpdump -d` prints it: `(002) jeq      #0x6             jt 3    jf 8`. */
export function formatInstruction(instruction: Instruction, index: number): string {
  const name = mnemonic(instruction);
  const head = `(${String(index).padStart(3, '0')}) ${name.padEnd(8)}`;
  if (name === 'ja') return `${head} ${index + 1 + instruction.k}`;
  const text = operand(instruction);
  if ((instruction.code & 0x07) !== JMP) return `${head} ${text}`.trimEnd();
  return `${head} ${text.padEnd(16)} jt ${index + 1 + instruction.jt}\tjf ${index + 1 + instruction.jf}`;
}

/** The whole program, a line for each instruction. */
export function formatProgram(program: Program): string {
  return program.map(formatInstruction).join('\n');
}

/**
 * Why the kernel would refuse a program; undefined when it would take it. The interpreter relies on it too: a program
 * that passes ends, and touches nothing but its memory and the packet.
 */
export function programFault(program: Program): string | undefined {
  if (program.length === 0) return 'expected at least one instruction, got none';
  if (program.length > MOST_INSTRUCTIONS) {
    return `expected at most ${MOST_INSTRUCTIONS} instructions, got ${program.length}`;
  }
  for (const [index, instruction] of program.entries()) {
    const fault = instructionFault(instruction, program.length - index - 1);
    if (fault !== undefined) return `instruction ${index}: ${fault}`;
  }
  const last = program.at(-1) as Instruction;
  return (last.code & 0x07) === RET ? undefined : `instruction ${program.length - 1}: expected ret at the end`;
}

/** @param left how many instructions follow */
function instructionFault({ code, jt, jf, k }: Instruction, left: number): string | undefined {
  if (!KNOWN.has(code)) return `unknown code 0x${code.toString(16)}`;
  const kind = code & 0x07;
  if (kind === JMP) {
    if ((code & 0xf0) === JA) return k < left ? undefined : `jump by ${k}, beyond the end`;
    return Math.max(jt, jf) < left ? undefined : `jump by ${Math.max(jt, jf)}, beyond the end`;
  }
  if (kind === ALU && (code & X) === 0 && k === 0 && ((code & 0xf0) === DIV || (code & 0xf0) === MOD)) {
    return 'division by zero';
  }
  if (kind === ALU && (code & X) === 0 && k >= 32 && ((code & 0xf0) === LSH || (code & 0xf0) === RSH)) {
    return `a shift by ${k}, of a word of 32 bits`;
  }
  const isMemory = kind === ST || kind === STX || ((kind === LD || kind === LDX) && (code & 0xe0) === MEM);
  if (isMemory && k >= MEMORY_WORDS) return `M[${k}], beyond the ${MEMORY_WORDS} words of memory`;
  return undefined;
}

/** Every code that Linux's checker accepts. */
const KNOWN: ReadonlySet<number> = new Set([
  ...[W, H, B].flatMap((size) => [LD + size + ABS, LD + size + IND]),
  LD + W + LEN,
  LD + IMM,
  LD + MEM,
  LDX + W + LEN,
  LDX + B + MSH,
  LDX + IMM,
  LDX + MEM,
  ST,
  STX,
  ...[ADD, SUB, MUL, DIV, OR, AND, LSH, RSH, MOD, XOR].flatMap((op) => [ALU + op + K, ALU + op + X]),
  ALU + NEG,
  JMP + JA,
  ...[JEQ, JGT, JGE, JSET].flatMap((op) => [JMP + op + K, JMP + op + X]),
  RET + K,
  RET + A,
  MISC + TAX,
  MISC + TXA,
]);
