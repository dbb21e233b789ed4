/** `barewire completion` and `barewire man`: what is made from the tables of all commands. */
import { CommandError } from '../errors.ts';
import { type CommandRow, command } from '../options/command.ts';
import { completionScript, SHELLS } from '../options/completion.ts';
import { manPage } from '../options/man.ts';
import { write } from '../output.ts';
import { version } from '../version.ts';

/** @param all asked when it runs: this command is one of them */
export function completionCommand(all: () => readonly CommandRow[]): CommandRow {
  return command({
    name: 'completion',
    summary: 'print a completion script for a shell',
    description:
      'Prints a script that completes commands, options and their arguments. It starts no program when it completes.',
    arguments: [{ name: 'shell', text: SHELLS.join(', '), offers: SHELLS }],
    options: {},
    sections: [
      {
        title: 'Examples',
        body: `  source <(barewire completion bash)
  barewire completion zsh > ~/.zfunc/_barewire
  barewire completion fish > ~/.config/fish/completions/barewire.fish`,
      },
    ],
    run: async ([name]) => {
      const shell = SHELLS.find((one) => one === name);
      if (shell === undefined) throw new CommandError(`shell: expected ${SHELLS.join(', ')}, got '${name}'`);
      await write(completionScript(shell, all()));
      return 0;
    },
  });
}

/** @param all asked when it runs: this command is one of them */
export function manCommand(all: () => readonly CommandRow[]): CommandRow {
  return command({
    name: 'man',
    summary: 'print the manual page of a command',
    description: 'Prints the manual page of a command as roff, for man(1) to show.',
    arguments: [{ name: 'command', text: 'its words: sniff, chat serve', variadic: true }],
    options: {},
    sections: [{ title: 'Examples', body: '  barewire man chat serve | man -l -' }],
    run: async (words) => {
      const names = all().map(({ name }) => name);
      const row = all().find(({ name }) => name === words.join(' '));
      if (row === undefined) {
        throw new CommandError(`command: expected one of ${names.join(', ')}; got '${words.join(' ')}'`);
      }
      await write(manPage(row, version(), names));
      return 0;
    },
  });
}
