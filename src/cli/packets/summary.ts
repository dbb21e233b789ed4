/** The last record of a command that reads packets. */

export function summaryRecord(
  reason: 'done' | 'interrupted' | 'deadline' | 'error',
  fields: Readonly<Record<string, unknown>>,
): string {
  return `${JSON.stringify({ v: 1, type: 'summary', reason, ...fields })}\n`;
}

export function errorRecord(code: string | null, message: string): string {
  return `${JSON.stringify({ v: 1, type: 'error', code, message })}\n`;
}
