/** A command as a table: what it is called, what it takes, what it does; and how commander is told. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Flags, type OptionRow, type OptionTable, textOf, usageOf } from './rows.ts';

export interface ArgumentRow {
  /** `host` */
  readonly name: string;
  readonly text: string;
  readonly optional?: boolean | undefined;
  /** Takes all that follow. */
  readonly variadic?: boolean | undefined;
  /** What a shell may offer. */
  readonly offers?: readonly string[] | 'file' | 'interface' | 'host' | undefined;
}

/** A part of the long help and of the man page. */
export interface Section {
  /** `Examples` */
  readonly title: string;
  readonly body: string;
}

/** The command table of any command: what help, pages and shells read. */
export interface CommandRow {
  /** `sniff`, or `chat serve`. */
  readonly name: string;
  /** One line without full stop. */
  readonly summary: string;
  /** Whole sentences. */
  readonly description: string;
  readonly arguments: readonly ArgumentRow[];
  readonly options: OptionTable;
  readonly sections: readonly Section[];
  /** What the words behind `--` are when they are no arguments but a command line to be run: `command...`. */
  readonly behindDashes?: string | undefined;
  /**
   * @param behind the words behind `--`, of a command that has `behindDashes`
   * @returns the exit code
   */
  readonly run: (args: readonly string[], flags: never, behind: readonly string[]) => Promise<number>;
}

/** Commands under one name: `chat`. */
export interface CommandGroup {
  readonly name: string;
  readonly summary: string;
  readonly commands: readonly CommandRow[];
}

/** Write a command's table; the compiler gives `run` the types of its options. */
export function command<const Rows extends OptionTable>(
  row: Omit<CommandRow, 'options' | 'run'> & {
    readonly options: Rows;
    readonly run: (args: readonly string[], flags: Flags<Rows>, behind: readonly string[]) => Promise<number>;
  },
): CommandRow {
  return row;
}

/** Tell commander of a command. */
export function register(parent: Command, row: CommandRow): void {
  const name = row.name.split(' ').at(-1)!;
  const made = parent.command(name).summary(row.summary).description(row.description);
  for (const { name, text, optional = false, variadic = false } of row.arguments) {
    const dots = variadic ? '...' : '';
    made.argument(optional ? `[${name}${dots}]` : `<${name}${dots}>`, text);
  }
  for (const [key, option] of Object.entries(row.options)) made.addOption(optionOf(key, option));
  for (const { title, body } of row.sections) made.addHelpText('after', `\n${title}:\n${body}`);
  if (row.behindDashes !== undefined) made.usage(synopsis(row).slice(`barewire ${row.name} `.length));
  made.action(async (...given: unknown[]) => {
    const args = given
      .slice(0, row.arguments.length)
      .flat()
      .filter((arg) => typeof arg === 'string');
    const own = row.behindDashes === undefined ? args.length : args.length - countBehindDashes(made);
    const flags = flagsOf(row.options, made.opts()) as never;
    process.exitCode = await row.run(args.slice(0, own), flags, args.slice(own));
  });
}

/** How many words stand behind `--`: commander gives them as arguments like any other, the last ones. */
function countBehindDashes(made: Command): number {
  let top = made;
  while (top.parent !== null) top = top.parent;
  // What was parsed as a whole; commander's types do not tell of it.
  const { rawArgs } = top as Command & { readonly rawArgs: readonly string[] };
  const at = rawArgs.indexOf('--');
  return at < 0 ? 0 : rawArgs.length - at - 1;
}

function optionOf(key: string, row: OptionRow): Option {
  const option = new Option(usageOf(key, row), textOf(row));
  if (row.group !== undefined) option.helpGroup(`${row.group}:`);
  switch (row.kind) {
    case 'flag':
      return option;
    case 'count':
      return option.argParser<number>((_, before) => (before ?? 0) + 1);
    case 'value':
      return option.argParser((text) => parsed(row.value, text));
    case 'list':
      return option.argParser<readonly unknown[]>((text, before) => [...(before ?? []), parsed(row.value, text)]);
  }
}

function parsed(kind: { readonly expects: string; readonly parse: (text: string) => unknown }, text: string): unknown {
  const value = kind.parse(text);
  if (value === undefined) throw new InvalidArgumentError(`Expected ${kind.expects}.`);
  return value;
}

/** Every option of the table, those that were not given too. */
function flagsOf(rows: OptionTable, given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(rows).map(([key, row]) => {
      // commander takes --no-x for the opposite of --x, which is on when nothing is said.
      if (/^no[A-Z]/.test(key)) return [key, given[key.charAt(2).toLowerCase() + key.slice(3)] === false];
      return [key, given[key] ?? absent(row)];
    }),
  );
}

function absent(row: OptionRow): unknown {
  switch (row.kind) {
    case 'flag':
      return false;
    case 'count':
      return 0;
    case 'value':
      return row.preset;
    case 'list':
      return [];
  }
}

/** `barewire sniff [options] [expression...]` */
export function synopsis(row: CommandRow): string {
  const words = row.arguments.map(({ name, optional = false, variadic = false }) => {
    const text = `${name}${variadic ? '...' : ''}`;
    return optional ? `[${text}]` : `<${text}>`;
  });
  const options = Object.keys(row.options).length > 0 ? ' [options]' : '';
  const behind = row.behindDashes === undefined ? '' : ` [-- ${row.behindDashes}]`;
  return `barewire ${row.name}${options}${words.map((word) => ` ${word}`).join('')}${behind}`;
}
