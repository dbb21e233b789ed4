/** A command that runs while packets are captured: `barewire sniff … -- curl …`. */
import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { CommandError, ExitCode } from '../errors.ts';

export class Companion {
  readonly #child: ChildProcess;
  #isOver = false;
  /** Its exit status, 128 + n after signal n. */
  readonly exitCode: Promise<number>;

  /**
   * @param isStdoutTaken packets go to stdout: what the command prints goes to stderr
   */
  constructor([file = '', ...args]: readonly string[], isStdoutTaken: boolean) {
    this.#child = spawn(file, args, { stdio: ['inherit', isStdoutTaken ? 2 : 'inherit', 'inherit'] });
    this.exitCode = new Promise((resolve, reject) => {
      this.#child.once('error', (error: NodeJS.ErrnoException) => {
        this.#isOver = true;
        reject(new CommandError(`${file}: ${whyNot(error)}`, ExitCode.error, error));
      });
      this.#child.once('exit', (code, signal) => {
        this.#isOver = true;
        resolve(code ?? ExitCode.signal + (signal === null ? 0 : constants.signals[signal]));
      });
    });
  }

  /** Pass on a signal that came to this process; Ctrl-C on a terminal reaches the command by itself. */
  signal(number: number): void {
    if (this.#isOver || (number === constants.signals.SIGINT && process.stdin.isTTY)) return;
    this.#child.kill(number);
  }
}

function whyNot(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return 'no such command';
  // execvp(3) says so too when it was kept from looking into one of the folders of PATH.
  if (error.code === 'EACCES') return 'no such command, or you may not run it';
  return error.message;
}
