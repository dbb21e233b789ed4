/** Finds and loads the addon: what `npm ci` compiled here, or the binary that the package brought along. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Native } from './native.ts';

/** Thrown where the native part is missing; everything that is plain TypeScript works without it. */
export class NativeMissingError extends Error {
  override readonly name: string = 'NativeMissingError';
  readonly code: string = 'ERR_BAREWIRE_NATIVE';
}

let loaded: { readonly native: Native; readonly path: string } | undefined;

/** @throws NativeMissingError with what to do, in a sentence */
export function loadNative(): Native {
  loaded ??= load();
  return loaded.native;
}

/** Which file was loaded: for messages, and for threads that load it themselves. */
export function addonPath(): string {
  loaded ??= load();
  return loaded.path;
}

function load(): { native: Native; path: string } {
  const where = `${process.platform}-${process.arch}`;
  if (process.versions.bun !== undefined || 'Deno' in globalThis) {
    throw new NativeMissingError('the native layer needs Node.js: Bun and Deno cannot run its readiness loop yet');
  }
  if (process.platform !== 'linux') {
    throw new NativeMissingError(`kernel sockets are for Linux, this is ${where}; what is plain TypeScript works`);
  }
  const require = createRequire(import.meta.url);
  const failures: string[] = [];
  for (const path of candidates(packageRoot())) {
    if (!existsSync(path)) continue;
    try {
      return { native: require(path) as Native, path };
    } catch (error) {
      // The other libc's binary, or one that is broken: the next may do.
      failures.push(error instanceof Error ? error.message : String(error));
    }
  }
  const why = failures.length === 0 ? '' : ` (${failures.join('; ')})`;
  throw new NativeMissingError(
    `no native addon for ${where}${why}: install a C compiler (Debian: apt-get install gcc libc6-dev) and run ` +
      `'node ${join(packageRoot(), 'scripts', 'build-native.mjs')}'`,
  );
}

function candidates(root: string): string[] {
  const given = process.env.BAREWIRE_NATIVE;
  if (given !== undefined && given !== '') return [given];
  const names = ['gnu', 'musl'].map((libc) => `${process.platform}-${process.arch}-${libc}.node`);
  return [
    ...names.map((name) => join(root, 'build', `barewire-${name}`)),
    ...names.map((name) => join(root, 'prebuilds', name)),
  ];
}

/** This file runs from src/os, from dist/os and from the bundle in dist: the package is above all of them. */
function packageRoot(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const manifest = join(folder, 'package.json');
    if (existsSync(manifest) && (JSON.parse(readFileSync(manifest, 'utf8')) as { name?: string }).name === 'barewire') {
      return folder;
    }
    if (dirname(folder) === folder) throw new NativeMissingError('the package folder of barewire was not found');
  }
}
