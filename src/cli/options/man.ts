/** A command's manual page in roff (man(7)), from its table: `barewire man sniff | man -l -`. */
import { type CommandRow, synopsis } from './command.ts';
import { longName, type OptionRow, placeholderOf, textOf } from './rows.ts';

/**
 * @param version of the package
 * @param others names of the other commands, for SEE ALSO
 */
export function manPage(row: CommandRow, version: string, others: readonly string[]): string {
  const name = pageName(row);
  return [
    `.TH ${name.toUpperCase()} 1 "" "barewire ${version}" "Barewire"`,
    '.SH NAME',
    `${roff(name)} \\- ${roff(row.summary)}`,
    '.SH SYNOPSIS',
    `.B ${roff(synopsis(row))}`,
    '.SH DESCRIPTION',
    ...paragraphs(row.description),
    ...argumentLines(row),
    ...optionLines(row),
    ...row.sections.flatMap(({ title, body }) => [
      `.SH ${title.toUpperCase()}`,
      '.nf',
      ...body.split('\n').map(roff),
      '.fi',
    ]),
    '.SH SEE ALSO',
    others
      .filter((other) => other !== row.name)
      .map((other) => `.BR barewire\\-${other.replaceAll(' ', '\\-')} (1)`)
      .join(',\n'),
    '',
  ].join('\n');
}

/** `barewire-chat-serve` */
export function pageName(row: CommandRow): string {
  return `barewire-${row.name.replaceAll(' ', '-')}`;
}

function argumentLines(row: CommandRow): string[] {
  if (row.arguments.length === 0) return [];
  return ['.SH ARGUMENTS', ...row.arguments.flatMap(({ name, text }) => ['.TP', `.I ${roff(name)}`, roff(text)])];
}

function optionLines(row: CommandRow): string[] {
  const lines = ['.SH OPTIONS'];
  let group: string | undefined;
  for (const [key, option] of grouped(row)) {
    if (option.group !== group && option.group !== undefined) lines.push(`.SS ${roff(option.group)}`);
    group = option.group;
    lines.push('.TP', optionHead(key, option), roff(textOf(option)));
  }
  return lines;
}

/** The rows with those of one group together, in the order of their first. */
export function grouped(row: CommandRow): [string, OptionRow][] {
  const rows = Object.entries(row.options);
  const groups = [undefined, ...new Set(rows.flatMap(([, { group }]) => group ?? []))];
  return groups.flatMap((group) => rows.filter(([, option]) => option.group === group));
}

function optionHead(key: string, row: OptionRow): string {
  const names = [row.letter === undefined ? '' : `-${row.letter}`, `--${longName(key)}`].filter((name) => name !== '');
  const bold = names.map((name) => `\\fB${roff(name)}\\fR`).join(', ');
  const placeholder = placeholderOf(row);
  return placeholder === '' ? bold : `${bold} \\fI${roff(placeholder)}\\fR`;
}

function paragraphs(text: string): string[] {
  return text.split('\n\n').flatMap((paragraph, i) => (i === 0 ? [roff(paragraph)] : ['.PP', roff(paragraph)]));
}

/** Characters that roff reads as its own, and a dot or a quote that begins a line. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll(/^(?=[.'])/gm, '\\&');
}
