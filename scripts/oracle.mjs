/**
 * Capture files decoded by Barewire and by tshark, compared field by field, on the sources of this checkout:
 * `npm run oracle -- FILE.pcapng`. See test/oracle/main.ts.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const outfile = join(root, 'out', 'oracle', 'main.mjs');

await build({
  absWorkingDir: root,
  entryPoints: ['test/oracle/main.ts'],
  outfile,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  conditions: ['barewire-source'],
  sourcemap: 'inline',
  logLevel: 'warning',
});
process.setSourceMapsEnabled(true);
const { main } = await import(pathToFileURL(outfile).href);
process.exitCode = main(process.argv.slice(2));
