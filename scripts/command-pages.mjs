/**
 * Writes docs/commands: a page a command, from the commands' tables, and their index.
 *
 *   node scripts/command-pages.mjs           write
 *   node scripts/command-pages.mjs --check   exit code 1 when a page is not what the tables say
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(root, 'docs', 'commands');
const outfile = join(root, 'out', 'command-pages.mjs');

await build({
  absWorkingDir: root,
  stdin: {
    contents: `
      export { COMMANDS } from './src/cli/commands/all.ts';
      export { commandPage } from './src/cli/options/page.ts';`,
    resolveDir: root,
    loader: 'ts',
  },
  outfile,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  external: ['*.node'],
  logLevel: 'warning',
  banner: { js: "import { createRequire as __c } from 'node:module';\nconst require = __c(import.meta.url);" },
});
const { COMMANDS, commandPage } = await import(pathToFileURL(outfile).href);

const fileOf = (row) => `${row.name.replaceAll(' ', '-')}.md`;
const index = `# Commands

<!-- Made from the commands' tables by scripts/command-pages.mjs. -->

| command | |
|---|---|
${COMMANDS.map((row) => `| [\`barewire ${row.name}\`](${fileOf(row)}) | ${row.summary} |`).join('\n')}

\`-h\` prints the short help of a command, \`--help\` the long one, \`barewire man COMMAND | man -l -\` its manual page.
`;
const pages = new Map([['README.md', index], ...COMMANDS.map((row) => [fileOf(row), commandPage(row)])]);

if (process.argv.includes('--check')) {
  const stale = [...pages].filter(([name, text]) => {
    const path = join(folder, name);
    return !existsSync(path) || readFileSync(path, 'utf8') !== text;
  });
  const left = existsSync(folder) ? readdirSync(folder).filter((name) => !pages.has(name)) : [];
  for (const name of [...stale.map(([name]) => name), ...left])
    console.log(`docs/commands/${name} is not what the tables say`);
  process.exitCode = stale.length + left.length === 0 ? 0 : 1;
} else {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of pages) writeFileSync(join(folder, name), text);
}
