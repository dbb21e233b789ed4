/** The command line as a whole: commands, help, and what happens to errors. */
import type { EventEmitter } from 'node:events';
import { Command, CommanderError } from 'commander';
import { COMMANDS, GROUPS } from './commands/all.ts';
import { ExitCode, exitCodeOf, fullErrorMessage, UsageError } from './errors.ts';
import { register } from './options/command.ts';
import { lineWidth } from './terminal.ts';
import { version } from './version.ts';

export function createProgram(): Command {
  const program = new Command('barewire');
  program
    .description('Sockets for TypeScript, down to the bare wire.')
    .helpOption('-h, --help', 'the short help, or the long one')
    .helpCommand('help [command]', 'the long help of a command')
    .version(version(), '-V, --version', 'print the version')
    // What stands behind a command is the command's: -V is the tree of a packet there.
    .enablePositionalOptions()
    .configureHelp({ helpWidth: Math.min(100, lineWidth(process.stdout, process.env)) })
    .configureOutput({ outputError: (text, print) => print(text.replace(/^error: /, 'barewire: ')) })
    .showHelpAfterError('Try: barewire --help')
    // Before the commands: they inherit it.
    .exitOverride()
    .addHelpText(
      'after',
      `
Begin with:
  barewire lab              a TCP handshake of this kernel, seen from both ends
  barewire lab --help       what else it can show

Exit codes: 0 yes, 1 no (refused, unreachable), 2 a mistake in the command or
the system, 128 + n after signal n. Data goes to stdout, talk to stderr.
bwr is short for barewire.`,
    );
  for (const row of COMMANDS) register(parentOf(program, row.name), row);
  return program;
}

/** Where a command belongs: `chat` for `chat serve`. */
function parentOf(program: Command, name: string): Command {
  const [group, rest] = name.split(' ') as [string, string?];
  if (rest === undefined) return program;
  const made = program.commands.find((command) => command.name() === group);
  return made ?? program.command(group).description(GROUPS[group] ?? '');
}

/**
 * Run one command line; errors are printed.
 * @param args without node and the script
 * @returns the exit code; a command that was stopped by a signal it handles leaves it in `process.exitCode`
 */
export async function run(args: readonly string[]): Promise<number> {
  const program = createProgram();
  if (wantsShortHelp(args)) dropLongHelp(program);
  try {
    await program.parseAsync(args, { from: 'user' });
    return typeof process.exitCode === 'number' ? process.exitCode : ExitCode.yes;
  } catch (error) {
    // commander has printed its own.
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.yes : ExitCode.error;
    const command = commandName(program, args);
    process.stderr.write(`${command}: ${await fullErrorMessage(error)}\n`);
    if (error instanceof UsageError) process.stderr.write(`Try: ${command} --help\n`);
    return exitCodeOf(error);
  }
}

/** `barewire lab`, for messages. */
function commandName(program: Command, args: readonly string[]): string {
  const names = [program.name()];
  let command: Command | undefined = program;
  for (const arg of args) {
    command = command.commands.find((candidate) => candidate.name() === arg || candidate.aliases().includes(arg));
    if (command === undefined) break;
    names.push(command.name());
  }
  return names.join(' ');
}

/** `-h` is the cheat sheet, `--help` the whole. */
function wantsShortHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  const options = end < 0 ? args : args.slice(0, end);
  return options.includes('-h') && !options.includes('--help');
}

function dropLongHelp(command: Command): void {
  // A Command is an EventEmitter, which its types do not say in full; addHelpText listens to this event.
  (command as unknown as EventEmitter).removeAllListeners('afterHelp');
  for (const child of command.commands) dropLongHelp(child);
}
