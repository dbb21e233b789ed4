/** What starts with every command is the tables and the parser; what a command runs is loaded when it runs. */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile } from 'esbuild';
import { expect, test } from 'vitest';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The sources that are read before the first line runs. */
function startedWith({ outputs }: Metafile, entry: string): string[] {
  const seen = new Set<string>();
  const visit = (output: string): void => {
    if (seen.has(output)) return;
    seen.add(output);
    for (const { path, kind } of outputs[output]?.imports ?? []) if (kind === 'import-statement') visit(path);
  };
  visit(entry);
  return [...seen].flatMap((output) =>
    Object.entries(outputs[output]?.inputs ?? {})
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .map(([source]) => source),
  );
}

test('no rooms of sockets, packets and captures are loaded at the start', async () => {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: { cli: 'src/cli/main.ts' },
    outdir: 'out/start',
    bundle: true,
    splitting: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'node',
    external: ['*.node'],
  });
  const sources = startedWith(metafile, 'out/start/cli.js').filter((source) => source.startsWith('src/'));
  expect(sources).toContain('src/cli/commands/sniff.ts');
  expect(sources.filter((source) => /^src\/(addr|capture|flow|link|os|trace|wire)\//.test(source))).toEqual([]);
  expect(sources.filter((source) => source.startsWith('src/socket/'))).toEqual(['src/socket/errno.ts']);
});
