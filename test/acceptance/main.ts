/**
 * `npm run acceptance [-- WORD…] [--json]`: every case, or those whose tool or name has one of the words; prints the
 * case, what was expected and what came.
 */
import { reexecInUserNamespace } from '../../src/os/capabilities.ts';
import { makeTopology } from '../support/topology.ts';
import type { Outcome, Verdict } from './case.ts';
import { CASES } from './cases/index.ts';
import { runCase } from './run.ts';

/** @returns the exit code: 0 when every case did what is expected */
export async function main(args: readonly string[]): Promise<number> {
  const elsewhere = await reexecInUserNamespace();
  if (elsewhere !== null) return elsewhere;
  const isJson = args.includes('--json');
  const words = args.filter((arg) => !arg.startsWith('--'));
  const chosen = CASES.filter(
    ({ tool, name }) => words.length === 0 || words.some((word) => tool === word || name.includes(word)),
  );
  if (chosen.length === 0) {
    process.stderr.write(
      `no case for ${words.join(' ')}; tools: ${[...new Set(CASES.map(({ tool }) => tool))].join(', ')}\n`,
    );
    return 2;
  }
  using net = await makeTopology();
  let failed = 0;
  for (const row of chosen) {
    const verdict = await runCase(net, row);
    if (verdict.faults.length > 0) failed++;
    process.stdout.write(isJson ? `${JSON.stringify(asRecord(verdict))}\n` : asText(verdict));
  }
  const line = `${chosen.length - failed} passed, ${failed} failed`;
  process.stdout.write(
    isJson ? `${JSON.stringify({ type: 'summary', passed: chosen.length - failed, failed })}\n` : `\n${line}\n`,
  );
  return failed === 0 ? 0 : 1;
}

function asText({ case: row, ours, original, missing, faults }: Verdict): string {
  const head = `${faults.length === 0 ? 'ok  ' : 'FAIL'} ${row.tool}: ${row.name}${missing === undefined ? '' : ` (${missing})`}`;
  const expected = original === undefined ? `exit ${row.exit}` : `exit ${row.exit}, as ${original.command.join(' ')}`;
  const lines = [head, `       expected  ${expected}`, ...outcomeLines('got', ours)];
  for (const fault of faults) lines.push(`       wrong     ${fault}`);
  if (faults.length > 0 && original !== undefined) lines.push(...outcomeLines('original', original));
  return `${lines.join('\n')}\n`;
}

function outcomeLines(word: string, { exit, stdout, stderr }: Outcome): string[] {
  const said = [
    ...stdout.trimEnd().split('\n'),
    ...stderr
      .trimEnd()
      .split('\n')
      .map((line) => line && `! ${line}`),
  ];
  return [
    `       ${word.padEnd(9)} exit ${exit}`,
    ...said.filter((line) => line !== '').map((line) => `       ${' '.repeat(9)} ${line}`),
  ];
}

function asRecord({ case: { tool, name, exit }, ours, original, missing, faults }: Verdict): Record<string, unknown> {
  return {
    type: 'case',
    tool,
    name,
    expected: { exit },
    got: ours,
    original: original ?? null,
    missing: missing ?? null,
    faults,
  };
}
