/**
 * Runs programs for tests that talk: the command line, and the C and Python peers beside
 * this file. Each program's output is gathered; tests wait for what it says, never for time.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(dirname(here));

const WAIT_MS = 10_000;

export class Program {
  readonly child: ChildProcess;
  readonly what: string;
  stdout = '';
  stderr = '';
  /** null when a signal ended it. */
  exitCode: number | null | undefined;
  signal: NodeJS.Signals | null = null;
  #onChange: (() => void)[] = [];

  constructor(command: string, args: readonly string[], env: Record<string, string> = {}) {
    this.what = [command.split('/').at(-1), ...args.map((arg) => arg.split('/').at(-1))].join(' ');
    this.child = spawn(command, args, { stdio: 'pipe', env: { ...process.env, ...env } });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#add('stdout', text));
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#add('stderr', text));
    this.child.stdin?.on('error', () => undefined);
    this.child.on('close', (code, signal) => {
      this.exitCode = code;
      this.signal = signal;
      this.#changed();
    });
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  write(text: string | Uint8Array): void {
    this.child.stdin?.write(text);
  }

  end(text = ''): void {
    this.child.stdin?.end(text);
  }

  /** Resolves when `check` holds; rejects with all that the program said when it does not in time. */
  async until(what: string, check: () => boolean): Promise<void> {
    const deadline = Date.now() + WAIT_MS;
    while (!check()) {
      const left = deadline - Date.now();
      if (left <= 0 || (this.exitCode !== undefined && what !== 'exit')) {
        const state = this.exitCode === undefined ? 'is running' : `ended with ${this.exitCode ?? this.signal}`;
        throw new Error(
          `${this.what}: waited for ${what}; it ${state}\n--- stdout\n${this.stdout}\n--- stderr\n${this.stderr}`,
        );
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#onChange.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  says(text: string): Promise<void> {
    return this.until(`'${text}' on stdout`, () => this.stdout.includes(text));
  }

  async exits(): Promise<number | null> {
    await this.until('exit', () => this.exitCode !== undefined);
    return this.exitCode ?? null;
  }

  /** The port of the `listening on …:PORT` line. */
  async port(): Promise<number> {
    const line = /listening on \S*:(\d+)/;
    await this.until('listening on', () => line.test(this.stderr));
    return Number(line.exec(this.stderr)?.[1]);
  }

  #add(stream: 'stdout' | 'stderr', text: string): void {
    this[stream] += text;
    this.#changed();
  }

  #changed(): void {
    for (const run of this.#onChange.splice(0)) run();
  }
}

/** Builds what the tests run, and ends whatever they leave running. */
export class Workshop implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'barewire-peers-'));
  readonly #programs: Program[] = [];
  #cli = '';

  static async open(): Promise<Workshop> {
    const workshop = new Workshop();
    execFileSync(process.execPath, [join(root, 'scripts', 'build-native.mjs')], { stdio: 'inherit' });
    workshop.#cli = await bundle();
    return workshop;
  }

  /** The path of the bundled command line. */
  get cliPath(): string {
    return this.#cli;
  }

  cli(...args: string[]): Program {
    return this.#keep(new Program(process.execPath, [this.#cli, ...args], { USER: 'tester', NO_COLOR: '1' }));
  }

  /** A C peer, compiled when first asked for. */
  c(name: string, ...args: string[]): Program {
    const binary = join(this.#folder, name);
    if (!existsSync(binary)) {
      execFileSync('cc', ['-O1', '-Wall', '-Wextra', '-Werror', '-o', binary, join(here, `${name}.c`)]);
    }
    return this.#keep(new Program(binary, args));
  }

  python(name: string, ...args: string[]): Program {
    return this.#keep(new Program('python3', [join(here, `${name}.py`), ...args], { PYTHONDONTWRITEBYTECODE: '1' }));
  }

  /** Any other program, ended with the rest. */
  run(command: string, ...args: string[]): Program {
    return this.#keep(new Program(command, args, { USER: 'tester', NO_COLOR: '1', TERM: 'xterm' }));
  }

  /** Ends all programs; the workshop can go on. */
  async clear(): Promise<void> {
    for (const program of this.#programs.splice(0)) {
      if (program.exitCode !== undefined) continue;
      program.child.kill('SIGKILL');
      await program.exits();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.clear();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #keep(program: Program): Program {
    this.#programs.push(program);
    return program;
  }
}

/** One file inside the package, so that it finds the addon as the built command line does. */
async function bundle(): Promise<string> {
  const folder = join(root, 'out', 'test');
  mkdirSync(folder, { recursive: true });
  const output = join(folder, 'cli.mjs');
  const fresh = `${output}.${process.pid}.mjs`;
  await build({
    absWorkingDir: root,
    entryPoints: ['src/cli/main.ts'],
    outfile: fresh,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: ['*.node'],
    logLevel: 'error',
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);",
    },
  });
  // Test files run at the same time and build the same file.
  renameSync(fresh, output);
  return output;
}
