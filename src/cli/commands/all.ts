/** Every command. A command's table is light; what it runs is loaded when it runs. */
import type { CommandRow } from '../options/command.ts';
import { chatJoin, chatServe } from './chat.ts';
import { echoSend, echoServe } from './echo.ts';
import { labCommand } from './lab.ts';
import { completionCommand, manCommand } from './pages.ts';
import { showCommand } from './show.ts';
import { sniffCommand } from './sniff.ts';

/** Names that stand before others: `chat serve`. */
export const GROUPS: Readonly<Record<string, string>> = {
  chat: 'talk line by line: one server, many clients, over TCP or UDP',
  echo: 'a server that says how long each message was, and its client',
};

export const COMMANDS: readonly CommandRow[] = [
  labCommand,
  sniffCommand,
  showCommand,
  chatServe,
  chatJoin,
  echoServe,
  echoSend,
  completionCommand(() => COMMANDS),
  manCommand(() => COMMANDS),
];
