/**
 * The long fuzz run, on the sources of this checkout: `npm run fuzz -- --seconds N`. See test/fuzz/main.ts.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const outdir = join(root, 'out', 'fuzz');

await build({
  absWorkingDir: root,
  entryPoints: { main: 'test/fuzz/main.ts', worker: 'test/fuzz/worker.ts' },
  outdir,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  // One copy of what both need.
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  conditions: ['barewire-source'],
  external: ['*.node'],
  sourcemap: 'inline',
  logLevel: 'warning',
});
process.setSourceMapsEnabled(true);
const { main } = await import(pathToFileURL(join(outdir, 'main.mjs')).href);
process.exitCode = await main(process.argv.slice(2), join(root, 'out', 'fuzz', 'failures'));
