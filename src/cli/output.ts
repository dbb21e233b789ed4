/** Writing to stdout: waits for slow readers, and is quiet when the reader has gone (`| head`). */

/** Resolves when the system has taken the text. */
export function write(text: string | Uint8Array): Promise<void> {
  if (text.length === 0) return Promise.resolve();
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
