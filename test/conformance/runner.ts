/** Runs cases of the table on a host and says for each what came of it. */
import type { Case, Need } from './case.ts';
import type { TestHost } from './hosts.ts';
import { FORMS, type Form, type Outcome, runScript } from './interpreter.ts';
import { knownFailures } from './known-failures.ts';
import { matches } from './language.ts';

export interface CaseResult {
  readonly case: Case;
  readonly state: 'passed' | 'failed' | 'known' | 'skipped';
  /** Why it failed (`known`: as known-failures.ts says) or was skipped. */
  readonly reason: string;
  /** Of the first form that was run: what the oracle is compared with. */
  readonly outcomes: readonly Outcome[];
}

export async function runCase(
  given: Case,
  host: TestHost,
  lacks: ReadonlyMap<Need, string>,
  forms: readonly Form[] = FORMS,
): Promise<CaseResult> {
  const result = await tryCase(given, host, lacks, forms);
  const known = result.state === 'failed' ? knownFailures.find(({ id }) => id.test(given.id)) : undefined;
  return known === undefined ? result : { ...result, state: 'known', reason: `${known.reason} (${result.reason})` };
}

async function tryCase(
  given: Case,
  { host, files }: TestHost,
  lacks: ReadonlyMap<Need, string>,
  forms: readonly Form[],
): Promise<CaseResult> {
  for (const need of given.needs) {
    const reason = lacks.get(need);
    if (reason !== undefined)
      return { case: given, state: 'skipped', reason: `needs ${need}: ${reason}`, outcomes: [] };
  }
  let first: readonly Outcome[] = [];
  for (const form of forms) {
    let outcomes: readonly Outcome[];
    try {
      outcomes = await runScript(given.steps, host, form, files);
    } catch (error) {
      const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      return { case: given, state: 'failed', reason: `${form}: ${what}`, outcomes: first };
    }
    if (form === forms[0]) first = outcomes;
    const other = outcomes.findIndex(({ text, bytes }, i) => {
      const free = given.steps[i]?.expect === '?';
      return free && (text !== first[i]?.text || bytes !== first[i]?.bytes);
    });
    if (other >= 0) {
      const [here, there] = [outcomes[other]?.text, first[other]?.text];
      const reason = `${form}, line ${other + 1}: ${given.steps[other]?.text}: got ${here}, in the form ${forms[0]} ${there}`;
      return { case: given, state: 'failed', reason, outcomes: first };
    }
    const last = outcomes.length - 1;
    const step = given.steps[last];
    const text = outcomes[last]?.text ?? '';
    if (step !== undefined && !matches(step.expect, text)) {
      return {
        case: given,
        state: 'failed',
        reason: `${form}, line ${last + 1}: ${step.text}: got ${text}`,
        outcomes: first,
      };
    }
  }
  return { case: given, state: 'passed', reason: '', outcomes: first };
}
