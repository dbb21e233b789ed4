/**
 * Options as rows. A command's options are one table; from it come the parser, the help, the man page, the completion
 * and the page in docs, so that none of them can say something else than the others.
 *
 * The key of a row is the option's long name in camel case: `snapLength` is `--snap-length`.
 */

/** What the argument of an option is. */
export interface ValueKind<T> {
  /** In usage lines, without brackets: `seconds`. */
  readonly placeholder: string;
  /** In words: `a whole number from 1 to 65535`. */
  readonly expects: string;
  /** @returns undefined when the text is none of it */
  readonly parse: (text: string) => T | undefined;
  /** What a shell may offer: words, or what it knows itself. */
  readonly offers?: readonly string[] | 'file' | 'directory' | 'interface' | 'host' | undefined;
}

interface Row {
  /** One letter, without its dash. */
  readonly letter: string | undefined;
  /** What it does: lower case, no full stop. */
  readonly text: string;
  /** Heading in the help; options without one come first. */
  readonly group?: string | undefined;
}

/** An option without argument. */
export interface FlagRow extends Row {
  readonly kind: 'flag';
}

/** An option without argument that says more each time it is given: `-vv`. */
export interface CountRow extends Row {
  readonly kind: 'count';
}

/** An option with an argument; the last one given counts. */
export interface ValueRow<T> extends Row {
  readonly kind: 'value';
  readonly value: ValueKind<T>;
  readonly preset: T | undefined;
}

/** An option with an argument that may be given several times. */
export interface ListRow<T> extends Row {
  readonly kind: 'list';
  readonly value: ValueKind<T>;
}

export type OptionRow = FlagRow | CountRow | ValueRow<unknown> | ListRow<unknown>;
export type OptionTable = Readonly<Record<string, OptionRow>>;

/** What an option's value is, by its row. */
type ValueOf<R> = R extends { readonly kind: 'flag' }
  ? boolean
  : R extends { readonly kind: 'count' }
    ? number
    : R extends { readonly kind: 'list'; readonly value: ValueKind<infer T> }
      ? readonly T[]
      : R extends { readonly kind: 'value'; readonly value: ValueKind<infer T>; readonly preset: infer P }
        ? undefined extends P
          ? T | undefined
          : T
        : never;

/** The options of a command as its code sees them. */
export type Flags<Rows extends OptionTable> = { readonly [K in keyof Rows]: ValueOf<Rows[K]> };

/** The other way round: the row that an option of this type has, for tables that several files know. */
type RowFor<T> = [T] extends [boolean]
  ? FlagRow
  : [T] extends [readonly (infer Item)[]]
    ? ListRow<Item>
    : undefined extends T
      ? ValueRow<Exclude<T, undefined>> & { readonly preset: undefined }
      : (T extends number ? CountRow : never) | (ValueRow<T> & { readonly preset: T });

/** A table whose options are these. */
export type RowsFor<Options> = { readonly [K in keyof Options]-?: RowFor<Options[K]> };

type Letter = string | undefined;

export function flag(letter: Letter, text: string, group?: string): FlagRow {
  return { kind: 'flag', letter, text, group };
}

export function count(letter: Letter, text: string, group?: string): CountRow {
  return { kind: 'count', letter, text, group };
}

export function value<T>(
  letter: Letter,
  kind: ValueKind<T>,
  text: string,
  group?: string,
): ValueRow<T> & { readonly preset: undefined } {
  return { kind: 'value', letter, value: kind, text, group, preset: undefined };
}

/** As `value`, with what it is when it is not given; the help tells it. */
export function preset<T>(
  letter: Letter,
  kind: ValueKind<T>,
  given: T,
  text: string,
  group?: string,
): ValueRow<T> & { readonly preset: T } {
  return { kind: 'value', letter, value: kind, text, group, preset: given };
}

export function list<T>(letter: Letter, kind: ValueKind<T>, text: string, group?: string): ListRow<T> {
  return { kind: 'list', letter, value: kind, text, group };
}

// --------------------------------------------------------------------------------------------------------------- kinds

/** A whole number with bounds. */
export function whole(placeholder: string, least: number, most: number): ValueKind<number> {
  return {
    placeholder,
    expects: `a whole number from ${least} to ${most}`,
    parse: (text) => {
      const number = /^\d{1,15}$/.test(text) ? Number(text) : -1;
      return number >= least && number <= most ? number : undefined;
    },
  };
}

/** A number with bounds, in the unit that the placeholder names. */
export function decimal(placeholder: string, least: number, most: number): ValueKind<number> {
  return {
    placeholder,
    expects: `${placeholder} from ${least} to ${most}`,
    parse: (text) => {
      const number = text.trim() === '' ? Number.NaN : Number(text);
      return number >= least && number <= most ? number : undefined;
    },
  };
}

/** A port that one can connect to. */
export const port: ValueKind<number> = { ...whole('number', 1, 65_535), expects: 'a port from 1 to 65535' };

/** Any text but none. */
export function words(placeholder: string, offers?: ValueKind<string>['offers']): ValueKind<string> {
  return { placeholder, expects: `a ${placeholder}`, parse: (text) => (text === '' ? undefined : text), offers };
}

export function choice<const T extends string>(...choices: readonly T[]): ValueKind<T> {
  return {
    placeholder: choices.join('|'),
    expects: choices.length === 2 ? choices.join(' or ') : `one of ${choices.join(', ')}`,
    parse: (text) => choices.find((one) => one === text),
    offers: choices,
  };
}

// ------------------------------------------------------------------------------------------------------ rows for many

/** `--json` */
export const jsonRow: FlagRow = flag(undefined, 'one JSON object a line on stdout; the last one is the summary');

/** `-o` */
export const outputRow: ValueRow<string> & { readonly preset: undefined } = value(
  'o',
  words('file', 'file'),
  'write into this file what would go to stdout',
);

/** `--color` */
export const colorRow: ValueRow<'auto' | 'always' | 'never'> & { readonly preset: 'auto' | 'always' | 'never' } =
  preset(
    undefined,
    choice('auto', 'always', 'never'),
    'auto',
    'colours; NO_COLOR and whether stdout is a terminal decide for auto',
  );

// --------------------------------------------------------------------------------------------------------------- names

/** `snap-length` of `snapLength`. */
export function longName(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `<seconds>`, or nothing for an option without argument. */
export function placeholderOf(row: OptionRow): string {
  return row.kind === 'value' || row.kind === 'list' ? `<${row.value.placeholder}>` : '';
}

/** `-s, --snap-length <bytes>` */
export function usageOf(key: string, row: OptionRow): string {
  const letter = row.letter === undefined ? '' : `-${row.letter}, `;
  const placeholder = placeholderOf(row);
  return `${letter}--${longName(key)}${placeholder === '' ? '' : ` ${placeholder}`}`;
}

/** The text with what is used when the option is not given. */
export function textOf(row: OptionRow): string {
  const ends: string[] = [];
  if (row.kind === 'value' && (typeof row.preset === 'string' || typeof row.preset === 'number')) {
    ends.push(`default: ${row.preset}`);
  }
  if (row.kind === 'list') ends.push('repeatable');
  return ends.length === 0 ? row.text : `${row.text} (${ends.join('; ')})`;
}
