/** Lessons of examples/, bundled once for a test file and started as programs. */
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleLessons, lessonNames } from '../../scripts/example.mjs';
import { Program } from '../peers/run.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export class Lessons implements AsyncDisposable {
  readonly names: readonly string[];
  readonly #folder: string;
  readonly #programs: Program[] = [];

  private constructor(names: readonly string[], folder: string) {
    this.names = names;
    this.#folder = folder;
  }

  /** All lessons; test files run at the same time, so each has a folder of its own. */
  static async bundle(): Promise<Lessons> {
    const names = lessonNames();
    const folder = join(root, 'out', `examples-${process.pid}`);
    await bundleLessons(names, folder);
    return new Lessons(names, folder);
  }

  /** The lesson whose name begins so. */
  start(begin: string, args: readonly string[] = [], env: Record<string, string> = {}): Program {
    const found = this.names.filter((name) => name.startsWith(begin));
    if (found.length !== 1) throw new Error(`lesson '${begin}': expected one, found ${found.join(', ') || 'none'}`);
    return this.run(process.execPath, [join(this.#folder, `${found[0]}.mjs`), ...args], env);
  }

  /** Any other program, ended with the rest. */
  run(command: string, args: readonly string[], env: Record<string, string> = {}): Program {
    const program = new Program(command, args, { NO_COLOR: '1', ...env });
    this.#programs.push(program);
    return program;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const program of this.#programs) {
      if (program.exitCode !== undefined) continue;
      program.child.kill('SIGKILL');
      await program.exits();
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** The port of a `…127.0.0.1:PORT…` line, once it is there. */
export async function portOf(program: Program): Promise<number> {
  const line = /127\.0\.0\.1:(\d+)/;
  await program.until('an address', () => line.test(program.stdout));
  return Number(line.exec(program.stdout)?.[1]);
}
