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

/** Four words an instruction: one array that the loop walks. */
function pack(program: Program): Int32Array {
  const fault = programFault(program);
  if (fault !== undefined) throw new RangeError(`program: ${fault}`);
  const packed = new Int32Array(program.length * 4);
  for (const [i, { code, jt, jf, k }] of program.entries()) packed.set([code, jt, jf, k | 0], i * 4);
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
    told?.(at / 4, a, x);
    switch (program[at] as number) {
      case LD + H + ABS: {
        const from = k >>> 0;
        if (from + 2 > size) return 0;
        a = ((bytes[from] as number) << 8) | (bytes[from + 1] as number);
        break;
      }
      case LD + B + ABS: {
        const from = k >>> 0;
        if (from >= size) return 0;
        a = bytes[from] as number;
        break;
      }
      case LD + W + ABS: {
        const from = k >>> 0;
        if (from + 4 > size) return 0;
        a = word(bytes, from);
        break;
      }
      case LD + H + IND: {
        const from = (x + k) >>> 0;
        if (from + 2 > size) return 0;
        a = ((bytes[from] as number) << 8) | (bytes[from + 1] as number);
        break;
      }
      case LD + B + IND: {
        const from = (x + k) >>> 0;
        if (from >= size) return 0;
        a = bytes[from] as number;
        break;
      }
      case LD + W + IND: {
        const from = (x + k) >>> 0;
        if (from + 4 > size) return 0;
        a = word(bytes, from);
        break;
      }
      case LDX + B + MSH: {
        const from = k >>> 0;
        if (from >= size) return 0;
        x = ((bytes[from] as number) & 0xf) << 2;
        break;
      }
      case LD + IMM:
        a = k;
        break;
      case LDX + IMM:
        x = k;
        break;
      case LD + W + LEN:
        a = length | 0;
        break;
      case LDX + W + LEN:
        x = length | 0;
        break;
      case LD + MEM:
        a = memory[k] as number;
        break;
      case LDX + MEM:
        x = memory[k] as number;
        break;
      case ST:
        memory[k] = a;
        break;
      case STX:
        memory[k] = x;
        break;
      case JMP + JA:
        at += k * 4;
        break;
      case JMP + JEQ + K:
        at += 4 * (a === k ? (program[at + 1] as number) : (program[at + 2] as number));
        break;
      case JMP + JGT + K:
        at += 4 * (a >>> 0 > k >>> 0 ? (program[at + 1] as number) : (program[at + 2] as number));
        break;
      case JMP + JGE + K:
        at += 4 * (a >>> 0 >= k >>> 0 ? (program[at + 1] as number) : (program[at + 2] as number));
        break;
      case JMP + JSET + K:
        at += 4 * ((a & k) !== 0 ? (program[at + 1] as number) : (program[at + 2] as number));
        break;
      case JMP + JEQ + X:
        at += 4 * (a === x ? (program[at + 1] as number) : (program[at + 2] as number));
        break;
      case JMP + JGT + X:
        at += 4 * (a >>> 0 > x >>> 0 ? (program[at + 1] as number) : (program[at + 2] as number));
        break;
      case JMP + JGE + X:
        at += 4 * (a >>> 0 >= x >>> 0 ? (program[at + 1] as number) : (program[at + 2] as number));
        break;
      case JMP + JSET + X:
        at += 4 * ((a & x) !== 0 ? (program[at + 1] as number) : (program[at + 2] as number));
        break;
      case RET + K:
        return k >>> 0;
      case RET + A:
        return a >>> 0;
      case MISC + TAX:
        x = a;
        break;
      case MISC + TXA:
        a = x;
        break;
      case ALU + NEG:
        a = -a | 0;
        break;
      default: {
        const code = program[at] as number;
        const by = (code & X) === X ? x : k;
        // A division by zero through X drops the packet.
        if (by === 0 && ((code & 0xf0) === DIV || (code & 0xf0) === MOD)) return 0;
        a = alu(code & 0xf0, a, by);
      }
    }
    at += 4;
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
