/** The chat at a terminal: what is being typed stays whole while others write, and nobody steers the terminal. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type Program, Workshop } from '../peers/run.ts';

const COLUMNS = 30;
const ESCAPE = '\x1b';

let workshop: Workshop;
beforeAll(async () => {
  workshop = await Workshop.open();
});
afterEach(() => workshop.clear());
afterAll(() => workshop[Symbol.asyncDispose]());

function atTerminal(...args: string[]): Program {
  return workshop.run('python3', pty, '24', String(COLUMNS), process.execPath, workshop.cliPath, 'chat', ...args);
}
const pty = new URL('../peers/terminal.py', import.meta.url).pathname;

/** A control sequence with its parameter and final letter, or one character. */
const TOKEN = new RegExp(`${ESCAPE}\\[([\\d;?]*)([A-Za-z])|[\\s\\S]`, 'gu');

/** What stands on the screen after these bytes: as much of ECMA-48 as readline uses. */
function screen(bytes: string): string[] {
  const rows: string[][] = [[]];
  let [row, column] = [0, 0];
  const line = (): string[] => (rows[row] ??= []);
  for (const [token, parameter, final] of bytes.matchAll(TOKEN)) {
    const count = Number(parameter) || 1;
    if (final === 'A') row = Math.max(0, row - count);
    else if (final === 'B') row += count;
    else if (final === 'C') column += count;
    else if (final === 'D') column = Math.max(0, column - count);
    else if (final === 'G') column = count - 1;
    else if (final === 'K') line().length = Math.min(line().length, column);
    else if (final === 'J') {
      line().length = Math.min(line().length, column);
      rows.length = row + 1;
    } else if (final !== undefined) continue;
    else if (token === '\r') column = 0;
    else if (token === '\n') row++;
    else {
      if (column >= COLUMNS) [row, column] = [row + 1, 0];
      const cells = line();
      while (cells.length < column) cells.push(' ');
      cells[column++] = token;
    }
  }
  return Array.from(rows, (cells) => (cells ?? []).join('').trimEnd());
}

async function shows(program: Program, rows: string[]): Promise<void> {
  const last = (): string[] => screen(program.stdout).slice(-rows.length);
  try {
    await program.until(JSON.stringify(rows), () => JSON.stringify(last()) === JSON.stringify(rows));
  } catch (error) {
    throw new Error(`the screen ends with ${JSON.stringify(last())}`, { cause: error });
  }
}

it('keeps the line being typed whole, also over several rows, while others write', async () => {
  const server = workshop.cli('chat', 'serve', '0');
  const port = String(await server.port());
  const alice = atTerminal('join', '127.0.0.1', port, '--name', 'alice');
  await shows(
    alice,
    ['* welcome alice, nobody else is', 'alice>'].flatMap((text) => chunks(text.replace('is', 'is here'))),
  );
  alice.write('half a li');
  await shows(alice, ['alice> half a li']);
  server.write('an interruption\n');
  await shows(alice, ['server: an interruption', 'alice> half a li']);
  alice.write('ne');
  await shows(alice, ['server: an interruption', 'alice> half a line']);
  alice.write(' that goes on for more than one row of it');
  const long = chunks('alice> half a line that goes on for more than one row of it');
  expect(long.length).toBe(2);
  await shows(alice, ['server: an interruption', ...long]);
  server.write('a second one\n');
  await shows(alice, ['server: an interruption', 'server: a second one', ...long]);
  server.write('third\n');
  await shows(alice, ['server: a second one', 'server: third', ...long]);
  alice.write('\r');
  await server.says('alice: half a line that goes on for more than one row of it\n');
  await shows(alice, [...long, 'alice>']);
});

it('shows no control characters of strangers, says goodbye on Ctrl-C, leaves on Ctrl-D', async () => {
  const server = workshop.cli('chat', 'serve', '0');
  const port = String(await server.port());
  const alice = atTerminal('join', '127.0.0.1', port, '--name', 'alice');
  await alice.says('alice> ');
  server.write('\x1b[2Jclean\x07\x9b31m\u202e!\n');
  await shows(alice, ['server: [2Jclean31m!', 'alice>']);
  expect(alice.stdout).not.toContain('\x1b[2J');
  alice.write('\x03');
  expect(await alice.exits()).toBe(130);
  expect(alice.stdout).toContain('barewire chat join: sent 0 lines');
  await server.says('* alice left');

  const bob = atTerminal('join', '127.0.0.1', port, '--name', 'bob');
  await bob.says('bob> ');
  bob.write('\x04');
  expect(await bob.exits()).toBe(0);
  await server.says('* bob left');
});

it('has a line for the operator of the server', async () => {
  const server = atTerminal('serve', '0');
  await server.until('port', () => /:(\d+)\r/.test(server.stdout));
  const port = /127\.0\.0\.1:(\d+)\r/.exec(server.stdout)?.[1] ?? '';
  const client = workshop.cli('chat', 'join', '127.0.0.1', port, '--name', 'carl');
  await client.says('welcome carl');
  server.write('good ev');
  client.write('hi\n');
  await shows(server, ['* carl joined', 'carl: hi', 'server> good ev']);
  server.write('ening\r');
  await client.says('server: good evening');
  await shows(server, ['server> good evening', 'server>']);
});

function chunks(text: string): string[] {
  return (text.match(new RegExp(`.{1,${COLUMNS}}`, 'g')) ?? []).map((row) => row.trimEnd());
}
