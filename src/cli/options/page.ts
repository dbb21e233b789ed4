/** A command's page in docs/commands, from its table; scripts/command-pages.mjs writes them. */
import { type CommandRow, synopsis } from './command.ts';
import { grouped } from './man.ts';
import { textOf, usageOf } from './rows.ts';

export function commandPage(row: CommandRow): string {
  const lines = [
    `# barewire ${row.name}`,
    '',
    `<!-- Made from the command's table by scripts/command-pages.mjs. -->`,
    '',
  ];
  lines.push(row.description, '', '```', synopsis(row), '```', '');
  if (row.arguments.length > 0) {
    lines.push(
      '| argument | |',
      '|---|---|',
      ...row.arguments.map(({ name, text }) => `| \`${name}\` | ${cell(text)} |`),
      '',
    );
  }
  let group: string | undefined;
  let isOpen = false;
  for (const [key, option] of grouped(row)) {
    if (!isOpen || option.group !== group) {
      if (isOpen) lines.push('');
      lines.push(`## ${option.group ?? 'Options'}`, '', '| option | |', '|---|---|');
      group = option.group;
      isOpen = true;
    }
    lines.push(`| \`${cell(usageOf(key, option))}\` | ${cell(textOf(option))} |`);
  }
  for (const { title, body } of row.sections) lines.push('', `## ${title}`, '', '```', body, '```');
  return `${lines.join('\n')}\n`;
}

const cell = (text: string): string => text.replaceAll('|', '\\|');
