/**
 * The conformance table: bundles test/conformance/main.ts (Node 20 runs no TypeScript) and starts it.
 *
 *   npm run conformance                              the kernel, all cases, compared with CPython
 *   npm run conformance -- --only unix/dgram --script
 */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
// Below the package's root, from where the addon is looked up.
const bundle = join(root, 'build', 'conformance.mjs');

await build({
  absWorkingDir: root,
  entryPoints: ['test/conformance/main.ts'],
  outfile: bundle,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  external: ['*.node'],
  sourcemap: 'inline',
  logLevel: 'warning',
});

const { status, signal } = spawnSync(process.execPath, ['--enable-source-maps', bundle, ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, BAREWIRE_ORACLE: join(root, 'test', 'conformance', 'oracle.py') },
});
process.exitCode = signal === null ? (status ?? 1) : 1;
