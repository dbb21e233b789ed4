/**
 * Runs a module in a Node process of its own, with the sources bundled in: for what ends with the process (ref and
 * unref) or changes it (module hooks).
 */
import { execFile } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const TIMEOUT_MS = 15_000;
let count = 0;

/** Writes `source` (TypeScript, its imports seen from the folder `from`) as one module below the package, so that it finds the addon. */
export async function bundleModule(source: string, external: readonly string[] = [], from = root): Promise<string> {
  const folder = join(root, 'out', 'test');
  mkdirSync(folder, { recursive: true });
  const outfile = join(folder, `module-${process.pid}-${++count}.mjs`);
  await build({
    absWorkingDir: root,
    stdin: { contents: source, resolveDir: from, loader: 'ts' },
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['barewire-source'],
    external: ['*.node', ...external],
    logLevel: 'error',
  });
  return outfile;
}

/**
 * What the module prints; rejects when it fails or has not ended in time.
 * @param external packages that it loads from node_modules as they are
 * @param from the folder that its imports are seen from
 */
export async function runModule(source: string, external: readonly string[] = [], from?: string): Promise<string> {
  const file = await bundleModule(source, external, from);
  try {
    return (await promisify(execFile)(process.execPath, [file], { timeout: TIMEOUT_MS, cwd: root })).stdout;
  } finally {
    rmSync(file);
  }
}
