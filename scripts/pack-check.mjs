/**
 * What `npm publish` would publish, checked as a stranger meets it: packed, installed into an empty project, required,
 * imported, its types compiled, its command run; then publint and are-the-types-wrong.
 *
 *   npm run pack-check -- [--offline]
 *
 * `--offline` leaves out the two tools that come from the npm registry when asked for.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values: options } = parseArgs({ options: { offline: { type: 'boolean' } } });
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const scratch = mkdtempSync(join(tmpdir(), 'barewire-pack-'));
const project = join(scratch, 'project');
/** Exact, so that a new rule of theirs does not break a build of ours. */
const PUBLINT = 'publint@0.3.25';
const ATTW = '@arethetypeswrong/cli@0.18.5';

let failures = 0;

function check(name, run) {
  try {
    const detail = run();
    console.log(`ok     ${name}${typeof detail === 'string' && detail !== '' ? `  ${detail}` : ''}`);
  } catch (error) {
    failures++;
    console.log(`FAILED ${name}`);
    const text = [error.stdout, error.stderr, error.stack].filter(Boolean).join('\n');
    console.log(text.replace(/^/gm, '    '));
  }
}

const run = (command, args, cwd = project) =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 240_000 }).trim();

/** `barewire`, `barewire/wire` …: every entry that is code. */
const entries = Object.keys(manifest.exports)
  .filter((key) => key !== './package.json')
  .map((key) => join(manifest.name, key));

const MOVE = `
const [a, b] = kernel.socketpair(AF_UNIX, SOCK_STREAM);
a.sendSync('moved');
console.log(new TextDecoder().decode(b.recvSync(5)));
`;

try {
  let tarball = '';
  check('npm pack', () => {
    const [{ filename, size, unpackedSize, files }] = JSON.parse(
      run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', scratch], prepared()),
    );
    tarball = join(scratch, filename);
    const names = files.map(({ path }) => path);
    const stray = names.filter((name) => /\.(test|tsbuildinfo)\b/.test(name) || name.startsWith('src/'));
    if (stray.length > 0) throw new Error(`not for users: ${stray.join(', ')}`);
    if (!names.some((name) => name.startsWith('prebuilds/'))) throw new Error('no prebuilt addon');
    return `${names.length} files, ${(size / 1024).toFixed(0)} KiB, ${(unpackedSize / 1024).toFixed(0)} KiB unpacked`;
  });
  check('installs into an empty project, without scripts and dependencies', () => {
    mkdirSync(project);
    writeFileSync(join(project, 'package.json'), '{ "private": true }\n');
    run('npm', ['install', '--ignore-scripts', '--offline', '--no-audit', '--no-fund', tarball]);
  });
  check('require', () => run('node', ['-e', `const { kernel, AF_UNIX, SOCK_STREAM } = require('barewire');${MOVE}`]));
  check('import', () => {
    const code = `import { kernel, AF_UNIX, SOCK_STREAM } from 'barewire';${MOVE}`;
    return run('node', ['--input-type=module', '-e', code]);
  });
  check(`every entry, both ways (${entries.length})`, () => {
    run('node', ['-e', `for (const entry of ${JSON.stringify(entries)}) require(entry)`]);
    run('node', [
      '--input-type=module',
      '-e',
      `for (const entry of ${JSON.stringify(entries)}) if (Object.keys(await import(entry)).length === 0 && !/net$/.test(entry)) throw new Error(entry)`,
    ]);
  });
  check('types, from a module and from CommonJS', () => {
    const use =
      'const socket: Socket = kernel.socket(AF_INET, SOCK_STREAM);\nconst fd: number = socket.fd;\nexport { fd };\n';
    writeFileSync(
      join(project, 'module.mts'),
      `import { AF_INET, kernel, SOCK_STREAM, type Socket } from 'barewire';\n${use}`,
    );
    writeFileSync(
      join(project, 'common.cts'),
      `import { AF_INET, kernel, SOCK_STREAM, type Socket } from 'barewire';\n${use}`,
    );
    const imports = entries.map((entry, i) => `import * as entry${i} from '${entry}';\nvoid entry${i};`).join('\n');
    writeFileSync(join(project, 'entries.mts'), `${imports}\n`);
    const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');
    const types = join(root, 'node_modules', '@types');
    const flags = [
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2022',
      '--lib',
      'ES2023,ESNext.Disposable',
    ];
    run(process.execPath, [
      tsc,
      ...flags,
      '--typeRoots',
      types,
      '--types',
      'node',
      'module.mts',
      'common.cts',
      'entries.mts',
    ]);
  });
  check('the command', () => run(join(project, 'node_modules', '.bin', 'barewire'), ['--version']));
  check('without the addon: an error in words', () => {
    const env = { ...process.env, BAREWIRE_NATIVE: join(scratch, 'nowhere.node') };
    const code = "import('barewire').then(({ kernel }) => kernel.socket(2, 1)).catch((e) => console.log(e.code))";
    const { stdout } = spawnSync('node', ['-e', code], { cwd: project, env, encoding: 'utf8' });
    if (stdout.trim() !== 'ERR_BAREWIRE_NATIVE') throw new Error(`expected ERR_BAREWIRE_NATIVE, got ${stdout}`);
  });
  check('without a prebuilt addon: an error that names the command, and the command helps', () => {
    rmSync(join(project, 'node_modules', manifest.name, 'prebuilds'), { recursive: true });
    const code = `import('barewire').then(({ kernel, AF_UNIX, SOCK_STREAM }) => {${MOVE}})`;
    const { stderr } = spawnSync('node', ['-e', code], { cwd: project, encoding: 'utf8' });
    const build = 'node_modules/barewire/scripts/build-native.mjs';
    if (!stderr.includes('ERR_BAREWIRE_NATIVE') || !stderr.includes('build-native.mjs')) throw new Error(stderr);
    run('node', [build]);
    return run('node', ['-e', code]);
  });
  if (options.offline === true) console.log('skipped publint and are-the-types-wrong: --offline');
  else {
    check('publint', () => run('npx', ['--yes', PUBLINT, 'run', tarball, '--strict']).split('\n').at(-1));
    check('are the types wrong', () => {
      run('npx', ['--yes', ATTW, tarball, '--profile', 'esm-only', '--format', 'ascii', '--no-color']);
      return 'no problems (profile esm-only)';
    });
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
console.log(failures === 0 ? 'the package is what it says' : `${failures} checks failed`);
process.exit(failures === 0 ? 0 : 1);

/** Everything built, with the addon where a published package has it. */
function prepared() {
  run(process.execPath, ['scripts/build.mjs'], root);
  run(process.execPath, ['scripts/build-native.mjs', '--prebuild'], root);
  return root;
}
