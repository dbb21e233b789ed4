/** Why a filter kept or dropped a packet: the instructions that were reached, and the words of the expression behind them. */
import type { Filter } from './compile.ts';
import { type Step, trace } from './interpret.ts';
import { formatInstruction, JMP, LD, LDX, RET } from './program.ts';

export interface FilterVerdict {
  readonly isKept: boolean;
  /** What was reached, in order. */
  readonly steps: readonly Step[];
  /** The instruction that decided: the last test, or a load beyond the packet's end. */
  readonly decidedBy: number;
  /** The words that asked: `port 80`; empty for a filter that asks nothing. */
  readonly words: string;
  /** One line for people. */
  readonly text: string;
}

/** Run a filter over one packet and say what decided. @param bytes borrowed: the captured part */
export function explainFilter(filter: Filter, bytes: Uint8Array, length: number = bytes.length): FilterVerdict {
  const { kept, steps } = trace(filter.program, bytes, length);
  const last = steps.at(-1) as Step;
  const isReturn = ((filter.program[last.index]?.code ?? 0) & 0x07) === RET;
  const decidedBy = isReturn ? (steps.at(-2)?.index ?? last.index) : last.index;
  const span = filter.spans[decidedBy];
  const words = span === undefined ? '' : filter.expression.slice(span.start, span.end);
  return {
    isKept: kept > 0,
    steps,
    decidedBy,
    words,
    text: sentence(filter, kept > 0, steps, decidedBy, words, isReturn),
  };
}

function sentence(
  filter: Filter,
  isKept: boolean,
  steps: readonly Step[],
  index: number,
  words: string,
  isReturn: boolean,
): string {
  const verdict = isKept ? 'kept' : 'dropped';
  const instruction = filter.program[index];
  if (words === '' || instruction === undefined) return `${verdict}: the filter asks for nothing`;
  const line = formatInstruction(instruction, index).replaceAll(/\s+/g, ' ');
  if (!isReturn) return `${verdict}: the packet ends before what '${words}' asks for: ${line}`;
  const kind = instruction.code & 0x07;
  const a = steps.findLast((step) => step.index === index)?.a ?? 0;
  if (kind === LD || kind === LDX || kind !== JMP) return `${verdict} by '${words}': ${line}`;
  return `${verdict} by '${words}': ${line}, with 0x${a.toString(16)} loaded`;
}
