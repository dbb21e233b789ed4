/** Every command's table yields a help, a manual page, completion and a page in docs that all say the same. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../commands/all.ts';
import { type CommandRow, command, register } from './command.ts';
import { completionScript } from './completion.ts';
import { manPage } from './man.ts';
import { choice, count, decimal, flag, list, longName, port, preset, value, whole, words } from './rows.ts';

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const has = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

/** A command with an option of every kind, and what it was given. */
async function parse(...args: string[]): Promise<{ args: readonly string[]; flags: object } | string> {
  let given: { args: readonly string[]; flags: object } | undefined;
  const row = command({
    name: 'try',
    summary: '',
    description: '',
    arguments: [{ name: 'rest', text: '', variadic: true, optional: true }],
    options: {
      quiet: flag('q', ''),
      noColor: flag(undefined, ''),
      verbose: count('v', ''),
      port: value('p', port, ''),
      snapLength: preset('s', whole('bytes', 0, 10), 5, ''),
      wait: value('w', decimal('seconds', 0.5, 9), ''),
      kind: preset(undefined, choice('a', 'b'), 'a', ''),
      rule: list('r', words('rule'), ''),
    },
    sections: [],
    run: async (args, flags) => {
      given = { args, flags };
      return 0;
    },
  });
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  register(program, row);
  try {
    await program.parseAsync(['try', ...args], { from: 'user' });
  } catch (error) {
    return (error as Error).message;
  } finally {
    process.exitCode = undefined;
  }
  return given ?? 'not run';
}

describe('rows', () => {
  test('what is not given has its value too', async () => {
    expect(await parse()).toEqual({
      args: [],
      flags: {
        quiet: false,
        noColor: false,
        verbose: 0,
        port: undefined,
        snapLength: 5,
        wait: undefined,
        kind: 'a',
        rule: [],
      },
    });
  });

  test('letters together, values beside, counts, lists, the rest', async () => {
    const got = await parse(
      '-qvvp80',
      '--no-color',
      '-s',
      '0',
      '-w1.5',
      '--kind=b',
      '-r',
      'x',
      '-r',
      'y',
      'a',
      '--',
      '-b',
    );
    expect(got).toEqual({
      args: ['a', '-b'],
      flags: {
        quiet: true,
        noColor: true,
        verbose: 2,
        port: 80,
        snapLength: 0,
        wait: 1.5,
        kind: 'b',
        rule: ['x', 'y'],
      },
    });
  });

  test.each([
    [['-p', '0'], /option '-p, --port <number>' argument '0' is invalid\. Expected a port from 1 to 65535\./],
    [['-s', '11'], /argument '11' is invalid\. Expected a whole number from 0 to 10\./],
    [['-s', '0x5'], /argument '0x5' is invalid/],
    [['-w', ''], /argument '' is invalid\. Expected seconds from 0.5 to 9\./],
    [['--kind', 'c'], /argument 'c' is invalid\. Expected a or b\./],
    [['--nonsense'], /unknown option '--nonsense'/],
  ])('%j says option, expected and got', async (args, message) => {
    expect(await parse(...args)).toMatch(message);
  });

  test('long names', () => {
    expect([longName('snapLength'), longName('json'), longName('noShutdown')]).toEqual([
      'snap-length',
      'json',
      'no-shutdown',
    ]);
  });
});

describe('every command', () => {
  test('no letter twice, texts without a full stop, a placeholder in every section', () => {
    for (const row of COMMANDS) {
      const letters = Object.values(row.options).flatMap(({ letter }) => letter ?? []);
      expect(new Set(letters).size, row.name).toBe(letters.length);
      for (const { text } of Object.values(row.options))
        expect(text, row.name).toMatch(/^[^A-Z].*[^.]$|^[A-Z]{2}.*[^.]$/);
      expect(row.summary).toMatch(/[^.]$/);
    }
  });

  test.each(COMMANDS)('$name: the manual page renders without a complaint and has every option', (row: CommandRow) => {
    const page = manPage(row, '1.2.3', ['other']);
    for (const key of Object.keys(row.options)) expect(page).toContain(longName(key).replaceAll('-', '\\-'));
    if (!has('man')) {
      console.log('man is not installed: pages were not rendered');
      return;
    }
    const { status, stdout, stderr } = spawnSync('man', ['--warnings', '-E', 'UTF-8', '-l', '-'], {
      input: page,
      encoding: 'utf8',
      env: { ...process.env, MANWIDTH: '80', MANPAGER: 'cat', PAGER: 'cat' },
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('SYNOPSIS');
  });

  test('bash completes commands, options, words; its script has no fault', () => {
    const complete = (...line: string[]): string => {
      const last = line.length - 1;
      const wordList = line.map((word) => `'${word}'`).join(' ');
      const script = `${completionScript('bash', COMMANDS)}
        COMP_WORDS=(${wordList}); COMP_CWORD=${last}; _barewire; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const { status, stdout, stderr } = spawnSync('bash', ['-euc', script], { encoding: 'utf8' });
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      return stdout.trim().split('\n').join(' ');
    };
    expect(complete('barewire', 'la')).toBe('lab');
    expect(complete('barewire', 'chat', '')).toBe('serve join');
    expect(complete('barewire', 'chat', 'join', '--ti')).toBe('--timeout');
    expect(complete('barewire', 'lab', '--wire', 't')).toBe('tun');
    expect(complete('barewire', 'lab', 'hand')).toBe('handshake');
    expect(complete('barewire', 'completion', '')).toBe('bash zsh fish');
    expect(complete('barewire', 'sniff', '-Q', '')).toBe('in out inout');
    expect(complete('barewire', 'sniff', '-i', 'l')).toContain('lo');
    expect(complete('barewire', 'sniff', '--', 'unam').split(' ')).toContain('uname');
    expect(complete('barewire', 'show', '--fol')).toBe('--follow');
  });

  test('bash takes the script as it is printed, and completes at its TAB key', () => {
    const folder = mkdtempSync(join(tmpdir(), 'barewire-completion-'));
    const file = join(folder, 'completion.bash');
    try {
      writeFileSync(file, completionScript('bash', COMMANDS));
      const { stdout } = spawnSync('bash', ['-c', `source ${file}; complete -p barewire bwr`], { encoding: 'utf8' });
      expect(stdout).toBe('complete -F _barewire barewire\ncomplete -F _barewire bwr\n');
      // script(1) gives bash a terminal: the line that two TABs made is run.
      const typed = spawnSync('script', ['-qec', `bash --noprofile --rcfile ${file} -i`, '/dev/null'], {
        input: 'barewire() { echo "got: $*"; }\nbarewire sni\t--snap\t\nexit\n',
        env: { ...process.env, TERM: 'dumb' },
        encoding: 'utf8',
        timeout: 10_000,
      });
      if (typed.error !== undefined) console.log('script(1) is not installed: the TAB key was not pressed');
      else expect(typed.stdout).toContain('got: sniff --snap-length');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('docs/commands says what the tables say', () => {
    const { status, stdout } = spawnSync(process.execPath, [join(root, 'scripts', 'command-pages.mjs'), '--check'], {
      cwd: root,
      encoding: 'utf8',
    });
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
  });
});
