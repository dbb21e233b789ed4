/**
 * Compile the addon with the C compiler, no node-gyp: a quarter of a second.
 *
 *   node scripts/build-native.mjs              build/barewire-<platform>-<arch>-<libc>.node, when older than its sources
 *   node scripts/build-native.mjs --soft       a missing compiler is a warning, exit 0
 *   node scripts/build-native.mjs --prebuild   prebuilds/<platform>-<arch>-<libc>.node, for the published package
 *   node scripts/build-native.mjs --sanitize   build/asan/…, with AddressSanitizer and UBSan
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const FLAGS = ['-std=c11', '-Wall', '-Wextra', '-shared', '-fPIC', '-fvisibility=hidden'];
// -z now: a missing symbol is an error when the addon loads, not a crash at the first call.
const LINK = ['-Wl,-z,now', '-Wl,-z,relro'];
// A warning of a compiler that we have not met must not keep anybody from installing: only this build is strict.
const SANITIZE = [
  '-Werror',
  '-O1',
  '-g',
  '-fsanitize=address,undefined',
  '-fno-sanitize-recover=all',
  '-fno-omit-frame-pointer',
];

function libc() {
  return process.report.getReport().header.glibcVersionRuntime === undefined ? 'musl' : 'gnu';
}

/** @returns the path of the addon, or undefined when there is none and that is accepted (`soft`) */
export async function buildNative({ soft = false, sanitize = false, prebuild = false } = {}) {
  const giveUp = (message) => {
    if (!soft) throw new Error(message);
    console.warn(`barewire: ${message}`);
    return undefined;
  };
  if (process.platform !== 'linux') {
    return giveUp(`the native layer is for Linux; on ${process.platform} everything that is plain TypeScript works.`);
  }
  const target = `${process.platform}-${process.arch}-${libc()}.node`;
  const output = sanitize
    ? join(root, 'build', 'asan', `barewire-${target}`)
    : prebuild
      ? join(root, 'prebuilds', target)
      : join(root, 'build', `barewire-${target}`);
  const native = join(root, 'native');
  const files = readdirSync(native).filter((name) => /\.[ch]$/.test(name));
  const newest = Math.max(...[...files.map((name) => join(native, name)), fileURLToPath(import.meta.url)].map(mtime));
  if (existsSync(output) && mtime(output) >= newest) return output;

  const compiler = process.env.CC ?? 'cc';
  const headers = headerFolder();
  if (headers === undefined) {
    return giveUp("Node-API's headers (node_api.h) were found neither in node-api-headers nor beside this Node.");
  }
  mkdirSync(dirname(output), { recursive: true });
  // Written aside and renamed: a running program keeps the file it has mapped.
  const fresh = `${output}.${process.pid}`;
  const result = spawnSync(
    compiler,
    [
      ...FLAGS,
      ...(sanitize ? SANITIZE : ['-O2']),
      '-I',
      headers,
      '-o',
      fresh,
      ...files.filter((name) => name.endsWith('.c')).map((name) => join(native, name)),
      ...LINK,
      '-ldl',
    ],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
  if (result.error !== undefined) {
    return giveUp(
      `no C compiler ('${compiler}'), so sockets are not available, everything else is; install one ` +
        "(Debian: 'apt-get install gcc libc6-dev', Alpine: 'apk add gcc musl-dev') and run 'npm run build'.",
    );
  }
  if (result.status !== 0) return giveUp(`${compiler} failed on native/, see above; sockets are not available.`);
  renameSync(fresh, output);
  return output;
}

/** The headers: a development dependency here; in an installed package those that Node's own archive brings along. */
function headerFolder() {
  try {
    return createRequire(import.meta.url)('node-api-headers').include_dir;
  } catch {
    const beside = join(dirname(dirname(process.execPath)), 'include', 'node');
    return existsSync(join(beside, 'node_api.h')) ? beside : undefined;
  }
}

function mtime(path) {
  return statSync(path).mtimeMs;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const options = { soft: false, sanitize: false, prebuild: false };
  for (const argument of process.argv.slice(2)) {
    const name = argument.replace(/^--/, '');
    if (!(name in options)) {
      console.error(`unknown argument '${argument}'; expected --soft, --sanitize or --prebuild`);
      process.exit(2);
    }
    options[name] = true;
  }
  try {
    const path = await buildNative(options);
    if (path !== undefined) console.log(path);
  } catch (error) {
    console.error(`barewire: ${error.message}`);
    process.exit(1);
  }
}
