/**
 * The native tests, the conformance suite, the tests of sockets' lives and of live capture again, with the addon under AddressSanitizer
 * and UBSan: a read past an array, a use after free or an overflow ends the run with a report.
 *
 *   node scripts/sanitize.mjs [vitest arguments]
 *
 * Leak detection is off: Node itself keeps memory until it exits, and would drown what is ours.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildNative } from './build-native.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const compiler = process.env.CC ?? 'cc';

/** The sanitizers must be in the process before Node is: preload the libraries that belong to the compiler. */
function runtime(name) {
  const path = spawnSync(compiler, [`-print-file-name=${name}`], { encoding: 'utf8' }).stdout.trim();
  if (isAbsolute(path) && existsSync(path)) return path;
  console.error(`barewire: ${compiler} has no ${name}; on Debian it comes with gcc (libasan8, libubsan1)`);
  process.exit(1);
}

const addon = await buildNative({ sanitize: true });
const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
const chosen = process.argv.slice(2);
const result = spawnSync(
  process.execPath,
  [
    vitest,
    'run',
    '--project',
    'node',
    ...(chosen.length > 0 ? chosen : ['test/native', 'test/conformance', 'test/life', 'test/capture']),
  ],
  {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      LD_PRELOAD: `${runtime('libasan.so')} ${runtime('libubsan.so')}`,
      ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=0:exitcode=99',
      UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
      BAREWIRE_NATIVE: addon,
      BAREWIRE_SANITIZED: '1',
    },
  },
);
if (result.status === 0) console.log('barewire: no sanitizer report');
process.exit(result.status ?? 1);
