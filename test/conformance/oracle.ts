/** Runs scripts through oracle.py and compares what CPython saw with what Barewire saw, step by step. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Case } from './case.ts';
import type { Outcome } from './interpreter.ts';
import { matches, OPTIONS } from './language.ts';

export interface OracleAnswer {
  readonly id: string;
  readonly outcomes: readonly Outcome[];
  /** The script could not be carried out: an error of the oracle itself. */
  readonly broken?: string;
}

export interface Difference {
  readonly id: string;
  /** The line of the script. */
  readonly line: string;
  readonly ours: string;
  readonly python: string;
}

/** The interpreter's path, or undefined when there is none. */
export function findPython(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.map((folder) => join(folder, 'python3')).find((path) => existsSync(path));
}

/** @param program path of oracle.py */
export async function askPython(
  python: string,
  program: string,
  cases: readonly Case[],
): Promise<Map<string, OracleAnswer>> {
  const directory = mkdtempSync(join(tmpdir(), 'barewire-'));
  try {
    const child = spawn(python, [program], { stdio: ['pipe', 'pipe', 'pipe'] });
    let output = '';
    let complaint = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint += text;
    });
    child.stdin.end(
      JSON.stringify({ directory, options: OPTIONS, cases: cases.map(({ id, steps }) => ({ id, steps })) }),
    );
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    if (code !== 0) throw new Error(`${program} ended with ${code}: ${complaint}`);
    const answers = output
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as OracleAnswer);
    return new Map(answers.map((answer) => [answer.id, answer]));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The first step at which the two saw different things, or undefined. */
export function compare(given: Case, ours: readonly Outcome[], answer: OracleAnswer): Difference | undefined {
  for (const [index, step] of given.steps.entries()) {
    const [mine, theirs] = [ours[index], answer.outcomes[index]];
    if (mine === undefined && theirs === undefined) break;
    if (mine !== undefined && theirs !== undefined && isSame(step.expect, mine, theirs)) continue;
    const python = theirs === undefined ? (answer.broken ?? 'did not come so far') : words(theirs);
    return { id: given.id, line: step.text, ours: mine === undefined ? 'did not come so far' : words(mine), python };
  }
  return undefined;
}

function isSame(expect: string | undefined, a: Outcome, b: Outcome): boolean {
  if (a.bytes !== b.bytes) return false;
  // A lower bound is given where the exact value is the implementation's own.
  const isBound = expect?.startsWith('>=') === true;
  return isBound ? matches(expect, a.text) && matches(expect, b.text) : a.text === b.text;
}

function words({ text, bytes }: Outcome): string {
  return bytes === undefined ? text : `${text} (${bytes})`;
}
