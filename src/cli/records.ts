/**
 * What `--json` promises of every command: a record a line, `{"v":1,"type":…}` with numbers as numbers; an error is a
 * record too; and whatever happens, the last record is one `summary` that says why it ended.
 */
import { errorCode, fullErrorMessage } from './errors.ts';
import { write } from './output.ts';

/** Why a command ended: all of it was done, a signal came, its time was over, or an error. */
export type Reason = 'done' | 'interrupted' | 'deadline' | 'error';

type Fields = Readonly<Record<string, unknown>>;

/** One line. */
export function record(type: string, fields: Fields): string {
  return `${JSON.stringify({ v: 1, type, ...fields })}\n`;
}

/** The records of one run of a command; without `--json` it writes nothing. */
export class Records {
  readonly isJson: boolean;
  /** What the summary counts; the command sets it as soon as it counts. */
  counts: () => Fields = () => ({});
  #isOver = false;

  constructor(isJson: boolean) {
    this.isJson = isJson;
  }

  async error(code: string | null, message: string): Promise<void> {
    if (this.isJson) await write(record('error', { code, message }));
  }

  /** The last record: only the first call writes it. */
  async summary(reason: Reason): Promise<void> {
    if (!this.isJson || this.#isOver) return;
    this.#isOver = true;
    await write(record('summary', { reason, ...this.counts() }));
  }
}

/**
 * Run a command that writes records: an error that it throws becomes one, with a summary behind it, and is thrown on
 * for whoever prints errors for people.
 */
export async function withRecords(isJson: boolean, run: (records: Records) => Promise<number>): Promise<number> {
  const records = new Records(isJson);
  try {
    return await run(records);
  } catch (error) {
    await records.error(errorCode(error), await fullErrorMessage(error));
    await records.summary('error');
    throw error;
  }
}
