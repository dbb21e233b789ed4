/**
 * A filter program as a JavaScript function, for files: some times the interpreter's speed. Jumps go forward only, so
 * each target is the end of a labelled block, and a jump is a `break`.
 */
import { interpreter, type PacketFilter } from './interpret.ts';
import {
  A,
  ABS,
  ADD,
  ALU,
  AND,
  DIV,
  H,
  IMM,
  type Instruction,
  JA,
  JEQ,
  JGE,
  JGT,
  JMP,
  LD,
  LDX,
  LEN,
  LSH,
  MEM,
  MEMORY_WORDS,
  MOD,
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
  TXA,
  W,
  X,
  XOR,
} from './program.ts';

/**
 * The fastest filter that this place allows: compiled, or interpreted where a page's policy forbids `new Function`.
 * @throws RangeError for a program that the kernel would refuse
 */
export function packetFilter(program: Program): PacketFilter {
  const interpreted = interpreter(program);
  try {
    return compiled(program);
  } catch (error) {
    if (error instanceof EvalError) return interpreted;
    throw error;
  }
}

/** @throws RangeError for a program that the kernel would refuse; EvalError where code may not be made of text */
export function compiled(program: Program): PacketFilter {
  const fault = programFault(program);
  if (fault !== undefined) throw new RangeError(`program: ${fault}`);
  // Every part of the text comes from the checked program's numbers.
  // oxlint-disable-next-line typescript/no-implied-eval
  return new Function('bytes', 'length', source(program)) as PacketFilter;
}

function source(program: Program): string {
  const targets = [...new Set(program.flatMap(targetsOf))].sort((a, b) => b - a);
  const memory = Array.from({ length: MEMORY_WORDS }, (_, i) => `m${i}=0`).join();
  const lines = [`"use strict";const size=bytes.length;let a=0,x=0,i=0,${memory};`];
  lines.push(targets.map((target) => `L${target}:{`).join(''));
  for (const [index, instruction] of program.entries()) {
    if (targets.includes(index)) lines.push('}');
    lines.push(statement(instruction, index));
  }
  return lines.join('\n');
}

function targetsOf(instruction: Instruction, index: number): number[] {
  if ((instruction.code & 0x07) !== JMP) return [];
  if ((instruction.code & 0xf0) === JA) return [index + 1 + instruction.k];
  return [index + 1 + instruction.jt, index + 1 + instruction.jf];
}

function statement(instruction: Instruction, index: number): string {
  const { code, k } = instruction;
  switch (code & 0x07) {
    case LD:
      return load(code, k);
    case LDX:
      return loadX(code, k);
    case ST:
      return `m${k}=a;`;
    case STX:
      return `m${k}=x;`;
    case ALU:
      return `${zeroCheck(code)}a=${operation(code, k)};`;
    case JMP:
      return jump(instruction, index);
    case RET:
      return (code & A) === A ? 'return a>>>0;' : `return ${k >>> 0};`;
    default:
      return (code & 0xf8) === TXA ? 'a=x;' : 'x=a;';
  }
}

function load(code: number, k: number): string {
  const mode = code & 0xe0;
  if (mode === IMM) return `a=${k | 0};`;
  if (mode === MEM) return `a=m${k};`;
  if (mode === LEN) return 'a=length|0;';
  const width = code & 0x18;
  const count = width === W ? 4 : width === H ? 2 : 1;
  if (mode === ABS) {
    const at = k >>> 0;
    const check = `if(${at + count}>size)return 0;`;
    return `${check}a=${value(count, (byte) => `bytes[${at + byte}]`)};`;
  }
  return `i=(x+${k | 0})>>>0;if(i+${count}>size)return 0;a=${value(count, (byte) => `bytes[i+${byte}]`)};`;
}

function value(count: number, byte: (at: number) => string): string {
  return Array.from({ length: count }, (_, at) => {
    const shift = 8 * (count - 1 - at);
    return shift === 0 ? byte(at) : `${byte(at)}<<${shift}`;
  }).join('|');
}

function loadX(code: number, k: number): string {
  const mode = code & 0xe0;
  if (mode === IMM) return `x=${k | 0};`;
  if (mode === MEM) return `x=m${k};`;
  if (mode === LEN) return 'x=length|0;';
  return `if(${k >>> 0}>=size)return 0;x=(bytes[${k >>> 0}]&15)<<2;`;
}

const SIGNS: Readonly<Record<number, string>> = { [OR]: '|', [AND]: '&', [XOR]: '^', [LSH]: '<<' };

/** A division by zero through X drops the packet; a constant zero was refused. */
function zeroCheck(code: number): string {
  const isDivision = (code & 0xf0) === DIV || (code & 0xf0) === MOD;
  return isDivision && (code & X) === X ? 'if(x===0)return 0;' : '';
}

function operation(code: number, k: number): string {
  const by = (code & X) === X ? 'x' : `${k | 0}`;
  switch (code & 0xf0) {
    case ADD:
      return `(a+(${by}))|0`;
    case SUB:
      return `(a-(${by}))|0`;
    case MUL:
      return `Math.imul(a,${by})`;
    case DIV:
      return `Math.trunc((a>>>0)/((${by})>>>0))|0`;
    case MOD:
      return `((a>>>0)%((${by})>>>0))|0`;
    case RSH:
      return `(a>>>(${by}))|0`;
    case NEG:
      return '(-a)|0';
    default:
      return `a${SIGNS[code & 0xf0] as string}(${by})`;
  }
}

function jump({ code, jt, jf, k }: Instruction, index: number): string {
  if ((code & 0xf0) === JA) return `break L${index + 1 + k};`;
  const unsigned = (code & X) === X ? '(x>>>0)' : `${k >>> 0}`;
  const by = (code & X) === X ? 'x' : `${k | 0}`;
  const test =
    (code & 0xf0) === JEQ
      ? `a===${by}`
      : (code & 0xf0) === JGT
        ? `(a>>>0)>${unsigned}`
        : (code & 0xf0) === JGE
          ? `(a>>>0)>=${unsigned}`
          : `(a&(${by}))!==0`;
  return `if(${test})break L${index + 1 + jt};else break L${index + 1 + jf};`;
}
