/**
 * The command line as users run it: bundled from the sources, started in a folder of its own, alone or in a network
 * where it may do everything.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { tryUserNamespace } from '../../src/os/capabilities.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const TIMEOUT_MS = 25_000;

export interface Finished {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

export interface CommandLine {
  /** The bundle. */
  readonly cli: string;
  /** Where programs run. */
  readonly scratch: string;
  readonly run: (program: string, args: readonly string[], input?: Uint8Array) => Finished;
  readonly barewire: (...args: string[]) => Finished;
  /** A script of sh in a network of its own, where loopback is up and everything is allowed. */
  readonly inNetwork: (script: string) => Finished;
  readonly dispose: () => void;
}

/** Why there are no networks of our own; null where there are. */
export const refused: Error | null = tryUserNamespace();

export const has = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

/** `send COUNT PORT`: datagrams over loopback; `listening`: waits until a capture that writes into `on` has begun. */
const HELPERS = `
  send() { "$NODE" -e '
    const s = require("node:dgram").createSocket("udp4");
    let left = +process.argv[1];
    const next = () => left-- > 0 ? s.send("hello " + left, +process.argv[2], "127.0.0.1", next) : s.close();
    next();' "$1" "$2"; }
  listening() { until grep -q listening on 2>/dev/null; do sleep 0.02; done; }
  barewire() { "$NODE" "$CLI" "$@"; }
`;

/** @param name tells the folders of test files apart */
export function commandLine(name: string): CommandLine {
  const scratch = mkdtempSync(join(tmpdir(), `barewire-${name}-`));
  // Below the package, where the program finds the addon.
  const cli = join(root, 'out', 'test', `cli-${name}-${process.pid}.mjs`);
  buildSync({
    absWorkingDir: root,
    entryPoints: ['src/cli/main.ts'],
    outfile: cli,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: ['*.node'],
    banner: { js: "import { createRequire as __c } from 'node:module';\nconst require = __c(import.meta.url);" },
  });
  const run = (program: string, args: readonly string[], input?: Uint8Array): Finished => {
    const { status, stdout, stderr } = spawnSync(program, args, {
      cwd: scratch,
      env: { ...process.env, LANG: 'C.UTF-8', TZ: 'UTC', CLI: cli, NODE: process.execPath },
      encoding: 'utf8',
      timeout: TIMEOUT_MS,
      ...(input === undefined ? {} : { input }),
    });
    return { status, out: stdout, err: stderr };
  };
  return {
    cli,
    scratch,
    run,
    barewire: (...args) => run(process.execPath, [cli, ...args]),
    inNetwork: (script) => run('unshare', ['-rn', 'sh', '-euc', `ip link set lo up; rm -f on; ${HELPERS}\n${script}`]),
    dispose: () => {
      rmSync(scratch, { recursive: true, force: true });
      rmSync(cli, { force: true });
    },
  };
}
