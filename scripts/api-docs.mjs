/**
 * The API reference, from the doc comments of everything that package.json exports: writes docs/api/ (HTML, not in git:
 * it is made from the sources, and several megabytes change with every comment).
 *
 *   npm run api-docs
 *
 * TypeDoc reads programs through the compiler's programming interface, which TypeScript 7 does not have. So the tool and
 * the TypeScript 6 that it needs stand in a package of their own, scripts/api-docs, installed here at the first run.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const tool = join(root, 'scripts', 'api-docs');

const { name: packageName, exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const entries = Object.entries(exports).flatMap(([path, conditions]) => {
  const source = conditions['barewire-source'];
  if (source === undefined) return [];
  const file = join(root, source);
  return [{ name: packageName + path.slice(1), file, key: source.replace(/^\.\/src\/|(\/index)?\.ts$/g, '') }];
});

if (!existsSync(join(tool, 'node_modules', 'typedoc'))) {
  run('npm', ['ci', '--prefix', tool, '--no-audit', '--no-fund']);
}
rmSync(join(root, 'docs', 'api'), { recursive: true, force: true });
run(
  process.execPath,
  [
    join(tool, 'node_modules', 'typedoc', 'bin', 'typedoc'),
    ...['--options', join(tool, 'typedoc.json')],
    ...entries.flatMap(({ file }) => ['--entryPoints', file]),
  ],
  { BAREWIRE_ENTRIES: JSON.stringify(entries) },
);

function run(command, args, env = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}
