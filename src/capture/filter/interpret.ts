/** Runs a classic BPF program over packets, as the kernel does (program.ts says what an instruction means). */
import {
  A,
  ABS,
  ADD,
  ALU,
  AND,
  B,
  DIV,
  H,
  IMM,
  IND,
  JA,
  JEQ,
  JGE,
  JGT,
  JMP,
  JSET,
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
  type Program,
  programFault,
  RET,
  RSH,
  ST,
  STX,
  SUB,
  TAX,
  TXA,
  W,
  X,
  XOR,
} from './program.ts';

/** One instruction that was reached. */
export interface Step {
  readonly index: number;
  /** The accumulator and the index register before it. */
  readonly a: number;
  readonly x: number;
}

/**
 * @param bytes borrowed: the captured part of the packet
 * @param length the packet's length on the wire
 * @returns how many bytes to keep; 0: drop
 */
export type PacketFilter = (bytes: Uint8Array, length: number) => number;

/** One filter a thread at a time: memory is cleared by the program's own stores, which come before its loads. */
const memory = new Int32Array(MEMORY_WORDS);

/**
 * A filter that interprets `program`.
 * @throws RangeError naming the instruction that the kernel would refuse
 */
export function interpreter(program: Program): PacketFilter {
  const packed = pack(program);
  return (bytes, length) => run(packed, bytes, length, undefined);
}

/** As `interpreter`, telling every step; slow. */
export function trace(program: Program, bytes: Uint8Array, length: number): { kept: number; steps: Step[] } {
  const steps: Step[] = [];
  const kept = run(pack(program), bytes, length, (index, a, x) => steps.push({ index, a: a >>> 0, x: x >>> 0 }));
  return { kept, steps };
}

/**
 * The operations that have a case of their own in `run`, which knows them by their place in this list: engines make a
 * jump table of a switch over the numbers 0, 1, 2 … and compare one by one otherwise.
 */
const OPERATIONS: readonly number[] = [
  LD + H + ABS,
  LD + B + ABS,
  LD + W + ABS,
  LD + H + IND,
  LD + B + IND,
  LD + W + IND,
  LDX + B + MSH,
  LD + IMM,
  LDX + IMM,
  LD + W + LEN,
  LDX + W + LEN,
  LD + MEM,
  LDX + MEM,
  ST,
  STX,
  JMP + JA,
  JMP + JEQ + K,
  JMP + JGT + K,
  JMP + JGE + K,
  JMP + JSET + K,
  JMP + JEQ + X,
  JMP + JGT + X,
  JMP + JGE + X,
  JMP + JSET + X,
  RET + K,
  RET + A,
  MISC + TAX,
  MISC + TXA,
  ALU + NEG,
];
/** The operations of the ALU with an operand. */
const OTHERS = OPERATIONS.length;

/** Words of one instruction: operation, where to go when true and when false, operand, code. */
const WORDS = 5;

/** One array that the loop walks; jumps are places in it. */
function pack(program: Program): Int32Array {
  const fault = programFault(program);
  if (fault !== undefined) throw new RangeError(`program: ${fault}`);
  const packed = new Int32Array(program.length * WORDS);
  for (const [i, { code, jt, jf, k }] of program.entries()) {
    const operation = OPERATIONS.indexOf(code);
    const isAlways = code === JMP + JA;
    const yes = (i + 1 + (isAlways ? k : jt)) * WORDS;
    packed.set([operation < 0 ? OTHERS : operation, yes, (i + 1 + jf) * WORDS, k | 0, code], i * WORDS);
  }
  return packed;
}

function run(
  program: Int32Array,
  bytes: Uint8Array,
  length: number,
  told: ((index: number, a: number, x: number) => void) | undefined,
): number {
  const size = bytes.length;
  let a = 0;
  let x = 0;
  let at = 0;
  for (;;) {
    const k = program[at + 3] as number;
    if (told !== undefined) told(at / WORDS, a, x);
    switch (program[at] as number) {
      // ldh [k]
      case 0: {
        const from = k >>> 0;
        if (from + 2 > size) return 0;
        a = ((bytes[from] as number) << 8) | (bytes[from + 1] as number);
        break;
      }
      // ldb [k]
      case 1: {
        const from = k >>> 0;
        if (from >= size) return 0;
        a = bytes[from] as number;
        break;
      }
      // ld [k]
      case 2: {
        const from = k >>> 0;
        if (from + 4 > size) return 0;
        a = word(bytes, from);
        break;
      }
      // ldh [x + k]
      case 3: {
        const from = (x + k) >>> 0;
        if (from + 2 > size) return 0;
        a = ((bytes[from] as number) << 8) | (bytes[from + 1] as number);
        break;
      }
      // ldb [x + k]
      case 4: {
        const from = (x + k) >>> 0;
        if (from >= size) return 0;
        a = bytes[from] as number;
        break;
      }
      // ld [x + k]
      case 5: {
        const from = (x + k) >>> 0;
        if (from + 4 > size) return 0;
        a = word(bytes, from);
        break;
      }
      // ldxb 4*([k]&0xf)
      case 6: {
        const from = k >>> 0;
        if (from >= size) return 0;
        x = ((bytes[from] as number) & 0xf) << 2;
        break;
      }
      // ld #k
      case 7:
        a = k;
        break;
      // ldx #k
      case 8:
        x = k;
        break;
      // ld #len
      case 9:
        a = length | 0;
        break;
      // ldx #len
      case 10:
        x = length | 0;
        break;
      // ld M[k]
      case 11:
        a = memory[k] as number;
        break;
      // ldx M[k]
      case 12:
        x = memory[k] as number;
        break;
      // st M[k]
      case 13:
        memory[k] = a;
        break;
      // stx M[k]
      case 14:
        memory[k] = x;
        break;
      // ja
      case 15:
        at = program[at + 1] as number;
        continue;
      // jeq #k
      case 16:
        at = program[a === k ? at + 1 : at + 2] as number;
        continue;
      // jgt #k
      case 17:
        at = program[a >>> 0 > k >>> 0 ? at + 1 : at + 2] as number;
        continue;
      // jge #k
      case 18:
        at = program[a >>> 0 >= k >>> 0 ? at + 1 : at + 2] as number;
        continue;
      // jset #k
      case 19:
        at = program[(a & k) !== 0 ? at + 1 : at + 2] as number;
        continue;
      // jeq x
      case 20:
        at = program[a === x ? at + 1 : at + 2] as number;
        continue;
      // jgt x
      case 21:
        at = program[a >>> 0 > x >>> 0 ? at + 1 : at + 2] as number;
        continue;
      // jge x
      case 22:
        at = program[a >>> 0 >= x >>> 0 ? at + 1 : at + 2] as number;
        continue;
      // jset x
      case 23:
        at = program[(a & x) !== 0 ? at + 1 : at + 2] as number;
        continue;
      // ret #k
      case 24:
        return k >>> 0;
      // ret a
      case 25:
        return a >>> 0;
      // tax
      case 26:
        x = a;
        break;
      // txa
      case 27:
        a = x;
        break;
      // neg
      case 28:
        a = -a | 0;
        break;
      default: {
        const code = program[at + 4] as number;
        const by = (code & X) === X ? x : k;
        // A division by zero through X drops the packet.
        if (by === 0 && ((code & 0xf0) === DIV || (code & 0xf0) === MOD)) return 0;
        a = alu(code & 0xf0, a, by);
      }
    }
    at += WORDS;
  }
}

function word(bytes: Uint8Array, from: number): number {
  return (
    ((bytes[from] as number) << 24) |
    ((bytes[from + 1] as number) << 16) |
    ((bytes[from + 2] as number) << 8) |
    (bytes[from + 3] as number)
  );
}

/** One operation of the ALU on 32-bit words; also what the compiler folds constants with. */
export function alu(operation: number, a: number, by: number): number {
  switch (operation) {
    case ADD:
      return (a + by) | 0;
    case SUB:
      return (a - by) | 0;
    case MUL:
      return Math.imul(a, by);
    case DIV:
      return Math.trunc((a >>> 0) / (by >>> 0)) | 0;
    case MOD:
      return ((a >>> 0) % (by >>> 0)) | 0;
    case OR:
      return a | by;
    case AND:
      return a & by;
    case XOR:
      return a ^ by;
    // C leaves shifts by 32 and more open; the kernel masks them on most machines, as JavaScript does.
    case LSH:
      return a << by;
    case RSH:
      return (a >>> by) | 0;
    case NEG:
      return -a | 0;
    default:
      throw new RangeError(`operation: expected one of the ALU's, got 0x${operation.toString(16)}`);
  }
}
