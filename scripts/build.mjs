/**
 * The whole build: native addon, declarations and modules (`tsc -b`), the library and the command line as bundles.
 *
 *   node scripts/build.mjs          any failure ends the build
 *   node scripts/build.mjs --soft   a missing compiler is a warning (what `npm ci` runs): every room but os still works
 *
 * A type error fails both. When nothing changed this takes about a second: the addon and the bundle are skipped when
 * newer than their sources, `tsc -b` keeps its own records.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** Below dist. */
const BUNDLED = 'bundled';
const COMMAND_LINE = 'bundled-cli';
const soft = process.argv.includes('--soft');

for (const argument of process.argv.slice(2)) {
  if (argument !== '--soft') fail(`unknown argument '${argument}'; expected --soft or nothing`);
}

try {
  const { buildNative } = await import('./build-native.mjs');
  await buildNative({ soft, sanitize: false });
} catch (error) {
  fail(`the native addon did not build: ${error instanceof Error ? error.message : String(error)}`);
}

compileTypeScript();
await bundleLibrary();
await bundleCommandLine();

function compileTypeScript() {
  reconcileOutputs();
  const result = spawnSync(process.execPath, [tscPath(), '-b', 'tsconfig.node.json'], { cwd: root, stdio: 'inherit' });
  if (result.error) fail(`tsc did not start: ${result.error.message}`);
  if (result.status !== 0) fail('type errors, see above');
}

/**
 * `tsc -b` trusts its records: it neither notices that a part of dist was deleted, nor deletes what a renamed or removed
 * source has left behind, which would then be published.
 */
function reconcileOutputs() {
  const dist = join(root, 'dist');
  const records = ['portable.tsbuildinfo', 'node.tsbuildinfo'];
  if (!existsSync(dist)) return;
  const sources = new Set(
    readdirSync(join(root, 'src'), { recursive: true })
      .filter((name) => name.endsWith('.ts') && !/\.(test|d)\.ts$/.test(name))
      .map((name) => name.slice(0, -'.ts'.length)),
  );
  const outputs = readdirSync(dist, { recursive: true }).filter(
    (name) => /\.(js|js\.map|d\.ts)$/.test(name) && !name.startsWith(BUNDLED),
  );
  for (const name of outputs) {
    if (!sources.has(name.replace(/\.(js|js\.map|d\.ts)$/, ''))) {
      rmSync(join(dist, name));
    }
  }
  const present = new Set(outputs);
  if ([...sources].some((name) => !present.has(`${name}.js`) || !present.has(`${name}.d.ts`))) {
    for (const record of records) rmSync(join(dist, record), { force: true });
  }
}

function tscPath() {
  try {
    return join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');
  } catch {
    return fail('typescript is not installed; run: npm ci');
  }
}

/**
 * What the `node` condition of package.json's exports names: the same modules in a dozen files. Node spends some 0.4 ms
 * on each file that it imports, so that `import 'barewire'` takes a third of the time. Entries share their chunks, so
 * that a class is the same whichever entry it comes from. Bundlers for browsers take the single modules, which they can
 * leave out one by one.
 */
async function bundleLibrary() {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const entries = Object.values(exports).filter((entry) => typeof entry === 'object');
  for (const entry of entries) {
    // An entry of single modules beside bundled ones would have classes of its own: `instanceof` would fail.
    if (entry.node === undefined)
      fail(`package.json: ${entry['barewire-source']} has no 'node' condition below dist/${BUNDLED}`);
  }
  const inputs = [join(root, 'src'), join(root, 'package.json'), join(root, 'package-lock.json'), import.meta.filename];
  if (entries.every(({ node }) => isNewer(join(root, node), inputs))) return;
  const { build } = await import('esbuild');
  const outdir = join(root, 'dist', BUNDLED);
  // Chunks are named for what is in them: those of the last build would stay.
  rmSync(outdir, { recursive: true, force: true });
  const nameOf = ({ node }) => basename(node, '.js');
  try {
    await build({
      absWorkingDir: root,
      entryPoints: Object.fromEntries(entries.map((entry) => [nameOf(entry), entry['barewire-source']])),
      outdir,
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      packages: 'external',
      external: ['*.node'],
      sourcemap: true,
      sourcesContent: false,
      logLevel: 'warning',
    });
  } catch {
    fail('the library did not bundle, see above');
  }
}

/**
 * The command line is a few files: it starts in a third of the time of its two hundred modules, and commander stays a
 * development dependency. What starts are the tables of all commands; what a command runs is in chunks that are loaded
 * when it runs.
 */
async function bundleCommandLine() {
  const outdir = join(root, 'dist', COMMAND_LINE);
  const output = join(outdir, 'cli.js');
  if (
    isNewer(output, [
      join(root, 'src'),
      join(root, 'package.json'),
      join(root, 'package-lock.json'),
      import.meta.filename,
    ])
  )
    return;
  const { build } = await import('esbuild');
  // Chunks are named for what is in them: those of the last build would stay.
  rmSync(outdir, { recursive: true, force: true });
  try {
    await build({
      absWorkingDir: root,
      entryPoints: { cli: 'src/cli/main.ts' },
      outdir,
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      // src/cli/main.ts and its bundle are at different depths, so the addon is looked up from the package's root
      // (see src/os), never relative to the importing module alone.
      external: ['*.node'],
      sourcemap: true,
      sourcesContent: false,
      legalComments: 'linked',
      logLevel: 'warning',
      // commander is CommonJS and calls require('node:events'); a module has no require of its own.
      banner: {
        js: "import { createRequire as __createRequire } from 'node:module';\nconst require = __createRequire(import.meta.url);",
      },
    });
  } catch {
    // esbuild has printed the errors itself.
    fail('the command line did not bundle, see above');
  }
}

/** True when `output` is younger than every file below `sources`. */
function isNewer(output, sources) {
  if (!existsSync(output)) return false;
  const time = statSync(output).mtimeMs;
  const older = (path) => {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return true;
    if (!stat.isDirectory()) return stat.mtimeMs < time;
    // A directory's own time tells of deleted and renamed files.
    return stat.mtimeMs < time && readdirSync(path).every((name) => older(join(path, name)));
  };
  return sources.every(older);
}

function fail(reason) {
  process.stderr.write(`build: ${reason}\n`);
  process.exit(1);
}
