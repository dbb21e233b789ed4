/**
 * Runs a lesson of examples/ on any Node from 20 on, on the sources of this checkout:
 *
 *   npm run example                          list them
 *   npm run example -- 14                    by number
 *   npm run example -- 28-tcp-server 9000    by name, with arguments
 *
 * Node 20 reads no TypeScript, so the lesson is bundled first and then run in this very process: Ctrl-C, the terminal and
 * the exit code are its own. Where Node reads TypeScript (22.18 and later), `node examples/14-byte-order.ts` does the same
 * on what `npm run build` has made.
 *
 * Exit code 77: the machine does not allow what the lesson needs; the line says what and why.
 */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const REFUSED = 77;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(root, 'examples');

/** Names of all lessons, without `.ts`, in order. */
export function lessonNames() {
  return readdirSync(folder)
    .filter((name) => /^\d\d-.*\.ts$/.test(name))
    .map((name) => name.slice(0, -'.ts'.length))
    .sort();
}

/** Bundle lessons, on the sources, into a folder below out, so that they find the addon. */
export async function bundleLessons(names, outdir = join(root, 'out', 'examples')) {
  mkdirSync(outdir, { recursive: true });
  await build({
    absWorkingDir: root,
    entryPoints: names.map((name) => join(folder, `${name}.ts`)),
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['barewire-source'],
    external: ['*.node'],
    sourcemap: 'inline',
    sourcesContent: false,
    logLevel: 'warning',
  });
  return outdir;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));

async function main([wanted, ...args]) {
  const names = lessonNames();
  if (wanted === undefined) {
    for (const name of names) process.stdout.write(`${name.padEnd(26)} ${titleOf(name)}\n`);
    return;
  }
  const found = names.filter(
    (name) => name === wanted.replace(/^examples\/|\.ts$/g, '') || name.split('-')[0] === wanted,
  );
  if (found.length !== 1) {
    const few = found.length === 0 ? 'npm run example lists them' : `choose one of ${found.join(', ')}`;
    process.stderr.write(`no lesson '${wanted}': ${few}\n`);
    process.exitCode = 2;
    return;
  }
  const module = join(await bundleLessons(found), `${found[0]}.mjs`);
  process.argv = [process.argv[0], module, ...args];
  process.setSourceMapsEnabled(true);
  try {
    await import(pathToFileURL(module).href);
  } catch (error) {
    if (error?.name === 'LabRefused') {
      process.stderr.write(`this machine does not allow what the lesson needs: ${error.message}\n`);
      process.exitCode = REFUSED;
    } else if (error?.name === 'SocketError') {
      // As perror(3) would: a port that is taken is no reason for a stack trace.
      process.stderr.write(`${error.message}: ${error.text}\n`);
      process.exit(1);
    } else throw error;
  }
}

/** The first sentence of the lesson's opening comment. */
function titleOf(name) {
  const text = readFileSync(join(folder, `${name}.ts`), 'utf8');
  return /^\/\*\*\n \* (.*)\n/.exec(text)?.[1] ?? '';
}
