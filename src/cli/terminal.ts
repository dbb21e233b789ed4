/**
 * What the terminal can do: colours, width, UTF-8. Decided once, here, from the stream and the environment, so that all
 * commands agree. Conventions: https://no-color.org (an empty NO_COLOR means nothing), https://force-color.org.
 */

export type ColourChoice = 'auto' | 'always' | 'never';

type Environment = Readonly<Record<string, string | undefined>>;

/** What is asked of an output stream; `process.stdout` has it. */
export interface OutputStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** `--color` wins, then NO_COLOR, then FORCE_COLOR, then whether the stream is a terminal that is not dumb. */
export function wantsColour(stream: OutputStream, env: Environment, choice: ColourChoice = 'auto'): boolean {
  if (choice !== 'auto') return choice === 'always';
  if (isSet(env.NO_COLOR)) return false;
  if (isSet(env.FORCE_COLOR)) return env.FORCE_COLOR !== '0' && env.FORCE_COLOR !== 'false';
  return stream.isTTY === true && env.TERM !== 'dumb';
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== '';
}

/** Columns of one line: COLUMNS, then the terminal's own, then 80 (a pipe or a file). */
export function lineWidth(stream: OutputStream, env: Environment): number {
  const asked = Number(env.COLUMNS);
  if (Number.isInteger(asked) && asked > 0) return asked;
  return stream.isTTY === true && stream.columns !== undefined && stream.columns > 0 ? stream.columns : 80;
}

/** locale(7): LC_ALL, then LC_CTYPE, then LANG; the first that is set decides. */
export function speaksUtf8(env: Environment): boolean {
  const locale = [env.LC_ALL, env.LC_CTYPE, env.LANG].find(isSet);
  return locale !== undefined && /utf-?8/i.test(locale);
}

export type Style = 'plain' | 'dim' | 'bold' | 'blue' | 'green' | 'orange' | 'red' | 'cyan';

/** SGR codes. Orange is from the 256 colours: the sixteen have none, and yellow is unreadable on white. */
const SGR: Readonly<Record<Exclude<Style, 'plain'>, readonly [on: string, off: string]>> = {
  dim: ['2', '22'],
  bold: ['1', '22'],
  blue: ['94', '39'],
  green: ['32', '39'],
  orange: ['38;5;208', '39'],
  red: ['91', '39'],
  cyan: ['36', '39'],
};

/** `text` in a style; unchanged when `colour` is false. */
export function paint(text: string, style: Style, colour: boolean): string {
  if (!colour || style === 'plain' || text === '') return text;
  const [on, off] = SGR[style];
  return `\u001b[${on}m${text}\u001b[${off}m`;
}
