/**
 * Completion for bash, zsh and fish, from the commands' tables: `source <(barewire completion bash)`.
 *
 * The scripts are made once and hold everything: completing starts no program.
 */
import type { CommandRow } from './command.ts';
import { longName, type OptionRow } from './rows.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** @param rows every command */
export function completionScript(shell: Shell, rows: readonly CommandRow[]): string {
  switch (shell) {
    case 'bash':
      return bash(rows);
    case 'zsh':
      // zsh reads bash's way when asked to.
      return `#compdef barewire bwr\nautoload -Uz bashcompinit && bashcompinit\n${bash(rows)}`;
    case 'fish':
      return fish(rows);
  }
}

type Offers = string | readonly string[] | undefined;

function offersOf(row: OptionRow): Offers {
  return row.kind === 'value' || row.kind === 'list' ? (row.value.offers ?? []) : undefined;
}

function namesOf(key: string, row: OptionRow): string[] {
  return [`--${longName(key)}`, ...(row.letter === undefined ? [] : [`-${row.letter}`])];
}

/** First words: commands and groups. */
function firstWords(rows: readonly CommandRow[]): string[] {
  return [...new Set(rows.map(({ name }) => name.split(' ')[0]!)), 'help'];
}

// ---------------------------------------------------------------------------------------------------------------- bash

function bash(rows: readonly CommandRow[]): string {
  const groups = [...new Set(rows.filter(({ name }) => name.includes(' ')).map(({ name }) => name.split(' ')[0]!))];
  const groupCases = groups.map((group) => {
    const words = rows.filter(({ name }) => name.startsWith(`${group} `)).map(({ name }) => name.split(' ')[1]!);
    return `    ${quoted(group)}) _barewire_words ${quoted(words.join(' '))} ;;`;
  });
  return `# Completion of barewire for bash; made by 'barewire completion bash'.
_barewire_words() { COMPREPLY=($(compgen -W "$1" -- "$cur")); }
_barewire_offer() {
  case "$1" in
    file) COMPREPLY=($(compgen -f -- "$cur")) ;;
    directory) COMPREPLY=($(compgen -d -- "$cur")) ;;
    host) COMPREPLY=($(compgen -A hostname -- "$cur")) ;;
    interface) _barewire_words "$(cd /sys/class/net 2>/dev/null && echo *) any" ;;
    *) _barewire_words "$1" ;;
  esac
}
_barewire() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}"
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then _barewire_words ${quoted(firstWords(rows).join(' '))}; return; fi
  local command="\${COMP_WORDS[1]}" i
  for ((i = 2; i < COMP_CWORD; i++)); do
    if [ "\${COMP_WORDS[i]}" = -- ]; then
      # Behind -- a command line begins, or words that are no options.
      if [ "$prev" = -- ]; then COMPREPLY=($(compgen -c -- "$cur")); else COMPREPLY=($(compgen -f -- "$cur")); fi
      return
    fi
  done
  case "$command" in
    ${groups.length === 0 ? "''" : groups.map(quoted).join('|')})
      if [ "$COMP_CWORD" -gt 2 ]; then command="$command \${COMP_WORDS[2]}"; fi ;;
  esac
  case "$command" in
${[...groupCases, ...rows.map(bashCase)].join('\n')}
  esac
}
complete -F _barewire barewire bwr
`;
}

function bashCase(row: CommandRow): string {
  const options = Object.entries(row.options);
  const withValue = options.flatMap(([key, option]) => {
    const offers = offersOf(option);
    return offers === undefined ? [] : [`        ${namesOf(key, option).join('|')}) ${bashOffer(offers)}; return ;;`];
  });
  const names = options.flatMap(([key, option]) => namesOf(key, option)).concat('--help');
  const argument = row.arguments.find(({ offers }) => offers !== undefined)?.offers;
  return `    ${quoted(row.name)})
      case "$prev" in
${withValue.join('\n')}
      esac
      case "$cur" in
        -*) _barewire_words ${quoted(names.join(' '))} ;;
        *) ${argument === undefined ? ':' : bashOffer(argument)} ;;
      esac ;;`;
}

function bashOffer(offers: string | readonly string[]): string {
  if (typeof offers !== 'string' && offers.length === 0) return ':';
  return `_barewire_offer ${quoted(typeof offers === 'string' ? offers : offers.join(' '))}`;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

// ---------------------------------------------------------------------------------------------------------------- fish

function fish(rows: readonly CommandRow[]): string {
  const lines = [
    "# Completion of barewire for fish; made by 'barewire completion fish'.",
    'complete -c barewire -f',
    'complete -c bwr -w barewire',
  ];
  for (const word of firstWords(rows)) {
    const summary = rows.find(({ name }) => name === word)?.summary ?? '';
    lines.push(`complete -c barewire -n __fish_use_subcommand -a ${word} -d ${fishQuoted(summary)}`);
  }
  for (const row of rows) lines.push(...fishLines(row));
  return `${lines.join('\n')}\n`;
}

function fishLines(row: CommandRow): string[] {
  const [first, second] = row.name.split(' ') as [string, string?];
  const lines: string[] = [];
  let condition = `__fish_seen_subcommand_from ${first}`;
  if (second !== undefined) {
    lines.push(
      `complete -c barewire -n '${condition}; and not __fish_seen_subcommand_from ${second}' -a ${second} -d ${fishQuoted(row.summary)}`,
    );
    condition += `; and __fish_seen_subcommand_from ${second}`;
  }
  for (const [key, option] of Object.entries(row.options)) {
    const letter = option.letter === undefined ? '' : ` -s ${option.letter}`;
    const offers = offersOf(option);
    lines.push(
      `complete -c barewire -n '${condition}'${letter} -l ${longName(key)} -d ${fishQuoted(option.text)}${fishOffer(offers)}`,
    );
  }
  const argument = row.arguments.find(({ offers }) => offers !== undefined)?.offers;
  if (argument !== undefined) lines.push(`complete -c barewire -n '${condition}'${fishOffer(argument)}`);
  return lines;
}

function fishOffer(offers: Offers): string {
  if (offers === undefined) return '';
  if (typeof offers !== 'string') return offers.length === 0 ? ' -x' : ` -x -a ${fishQuoted(offers.join(' '))}`;
  switch (offers) {
    case 'file':
      return ' -r -F';
    case 'directory':
      return " -x -a '(__fish_complete_directories)'";
    case 'host':
      return " -x -a '(__fish_print_hostnames)'";
    default:
      return " -x -a '(command ls /sys/class/net; echo any)'";
  }
}

const fishQuoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
