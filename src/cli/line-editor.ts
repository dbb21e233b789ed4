/**
 * One line of input at the bottom of a terminal that stays whole while lines from elsewhere are printed above it.
 * Editing and history are Node's readline.
 */
import { clearScreenDown, createInterface, cursorTo, type Interface, moveCursor } from 'node:readline';

export interface LineEditorOptions {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  readonly prompt: string;
  readonly onLine: (line: string) => void;
  /** Ctrl-D on an empty line, or the terminal went away. */
  readonly onEnd: () => void;
  /** Ctrl-C: in raw mode it is a key, not a signal. */
  readonly onInterrupt: () => void;
}

export class LineEditor {
  readonly #lines: Interface;
  readonly #output: NodeJS.WritableStream;
  #isClosed = false;

  constructor({ input, output, prompt, onLine, onEnd, onInterrupt }: LineEditorOptions) {
    this.#output = output;
    this.#lines = createInterface({ input, output, prompt, terminal: true, historySize: 500 });
    this.#lines.on('line', (line) => {
      onLine(line);
      if (!this.#isClosed) this.#lines.prompt();
    });
    this.#lines.on('SIGINT', onInterrupt);
    this.#lines.on('close', () => {
      if (this.#isClosed) return;
      this.#isClosed = true;
      onEnd();
    });
    this.#lines.prompt();
  }

  setPrompt(prompt: string): void {
    if (this.#lines.getPrompt() === prompt) return;
    this.#lines.setPrompt(prompt);
    if (!this.#isClosed) this.#lines.prompt(true);
  }

  /** Print a line above the input. */
  print(text: string): void {
    if (this.#isClosed) {
      this.#output.write(`${text}\n`);
      return;
    }
    // The cursor may be on the second or a later row of a long input.
    moveCursor(this.#output, 0, -this.#lines.getCursorPos().rows);
    cursorTo(this.#output, 0);
    clearScreenDown(this.#output);
    this.#output.write(`${text}\n`);
    // readline would go up by the rows that it drew last time, over what was just printed.
    (this.#lines as Interface & { prevRows?: number }).prevRows = 0;
    this.#lines.prompt(true);
  }

  /** Give the terminal back. Does not call `onEnd`. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    moveCursor(this.#output, 0, -this.#lines.getCursorPos().rows);
    cursorTo(this.#output, 0);
    clearScreenDown(this.#output);
    this.#lines.close();
  }
}
