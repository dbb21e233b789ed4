/**
 * Writing to stdout, or to the file of `-o`: waits for slow readers, and is quiet when the reader has gone (`| head`).
 */
import { openSync, writeFileSync } from 'node:fs';

let file: number | undefined;

/** `-o FILE`: from now on there goes what would go to stdout. Ctrl-C, which ends the reader of a pipe too, spares it. */
export function writeInto(path: string): void {
  file = openSync(path, 'w');
}

/** Resolves when the system has taken the text. */
export async function write(text: string | Uint8Array): Promise<void> {
  if (text.length === 0) return;
  if (file === undefined) await writeOut(text);
  else writeFileSync(file, text);
}

function writeOut(text: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (error === null || error === undefined || isGone(error)) resolve();
      else reject(error);
    });
  });
}

function isGone(error: Error): boolean {
  return (error as NodeJS.ErrnoException).code === 'EPIPE';
}

/** A reader that went away is no error, and nobody is left to work for: the program ends as quietly as by SIGPIPE. */
export function ignoreClosedPipes(): void {
  process.stdout.on('error', (error: Error) => {
    if (!isGone(error)) throw error;
    process.exit();
  });
  process.stderr.on('error', (error: Error) => {
    if (!isGone(error)) throw error;
  });
}
