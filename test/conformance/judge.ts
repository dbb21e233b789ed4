/** The comparison of a run of the table with CPython's: what differs, and which of it is explained. */
import type { Case } from './case.ts';
import { type KnownDifference, knownDifferences } from './differences.ts';
import { askPython, compare, type Difference } from './oracle.ts';
import type { CaseResult } from './runner.ts';

export interface Judgement {
  readonly compared: number;
  readonly explained: readonly (Difference & { readonly reason: string })[];
  readonly unexplained: readonly Difference[];
  /** Rows of differences.ts that explained nothing, although all their cases were compared. */
  readonly stale: readonly KnownDifference[];
}

/** @param whole whether these are the results of the whole table, so that a row can be called stale */
export async function judge(
  results: readonly CaseResult[],
  python: string,
  program: string,
  whole: boolean,
): Promise<Judgement> {
  const run = results.filter(({ state }) => state === 'passed' || state === 'failed');
  const cases: Case[] = run.map((result) => result.case);
  const answers = await askPython(python, program, cases);
  const explained: (Difference & { reason: string })[] = [];
  const unexplained: Difference[] = [];
  const used = new Set<KnownDifference>();
  for (const { case: given, outcomes } of run) {
    const answer = answers.get(given.id) ?? { id: given.id, outcomes: [], broken: 'no answer' };
    const difference = compare(given, outcomes, answer);
    if (difference === undefined) continue;
    const known = knownDifferences.find(({ id }) => id.test(given.id));
    if (known === undefined) unexplained.push(difference);
    else {
      used.add(known);
      explained.push({ ...difference, reason: known.reason });
    }
  }
  const stale = whole && run.length === results.length ? knownDifferences.filter((known) => !used.has(known)) : [];
  return { compared: run.length, explained, unexplained, stale };
}
