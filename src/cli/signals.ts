/** What a command does when it is asked to end. */

/**
 * Ctrl-C and kill: `run` once, with the exit code that belongs to the signal (128 + its number); a second one ends the
 * process at once.
 * @returns how to stop listening
 */
export function onSignals(run: (exitCode: number) => void): { readonly raise: () => void; readonly stop: () => void } {
  let count = 0;
  const handle = (exitCode: number) => (): void => {
    if (count++ > 0) process.exit(exitCode);
    run(exitCode);
  };
  const handlers = { SIGINT: handle(130), SIGTERM: handle(143), SIGHUP: handle(129) } as const;
  for (const [signal, handler] of Object.entries(handlers)) process.on(signal, handler);
  return {
    raise: handlers.SIGINT,
    stop: () => {
      for (const [signal, handler] of Object.entries(handlers)) process.off(signal, handler);
    },
  };
}
