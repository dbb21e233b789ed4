/** Runs TypeScript in a Node process of its own, with flags, a shell's limits before it, and its exit told as it was. */
import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { bundleModule } from '../support/run-module.ts';

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ChildOptions {
  /** Flags of node. */
  readonly flags?: readonly string[];
  /** A shell command to run before, as `ulimit -n 64`. */
  readonly before?: string;
  readonly timeoutMs?: number;
  /** Called with the child once it has been started. */
  readonly started?: (child: ChildProcess) => void;
}

/** Imports in `source` are as from the project's folder: `./src/index.ts`. */
export async function runChild(source: string, options: ChildOptions = {}): Promise<Ending> {
  const file = await bundleModule(source);
  try {
    const node = [process.execPath, ...(options.flags ?? []), file];
    const [command = '', ...args] =
      options.before === undefined ? node : ['/bin/sh', '-c', `${options.before} && exec "$@"`, 'sh', ...node];
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const late = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 15_000);
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    options.started?.(child);
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (...end) => resolve(end));
    });
    clearTimeout(late);
    return { code, signal, stdout, stderr };
  } finally {
    rmSync(file, { force: true });
  }
}
