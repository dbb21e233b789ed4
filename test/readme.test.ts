/** The README shows the output of the main job: what it shows is what happens, packet by packet, call by call. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const PACKET = /\b(SYN-ACK|SYN|FIN,ACK|PSH,ACK|RST,ACK|RST|ACK) seq=\d+(?: ack=\d+)?(?: len=\d+)?/g;
const STATE =
  /~?\b(LISTEN|SYN-SENT|SYN-RECEIVED|ESTABLISHED|FIN-WAIT-[12]|CLOSE-WAIT|CLOSING|LAST-ACK|TIME-WAIT|CLOSED)\b/g;
const CALL = /\b(socket|bind|listen|accept|connect|send|recv|close)\(/g;

/** What a ladder says, without what differs from run to run: times, ports, descriptors, which rows were shared. */
function facts(ladder: string): Record<string, string[]> {
  const [drawing = '', figures = ''] = ladder.split('\n\nconnect ');
  const all = (pattern: RegExp): string[] => [...drawing.matchAll(pattern)].map(([text]) => text);
  return {
    // Which of the two ends' packets is drawn first can differ by a moment: each end's own order cannot.
    packets: all(PACKET).toSorted(),
    states: all(STATE).toSorted(),
    calls: all(CALL).toSorted(),
    figures: figures
      .split('\n')
      .slice(1)
      .map((line) => line.trim())
      .filter((line) => line !== ''),
  };
}

function runLab(): string {
  const path = join(root, 'bin', 'barewire.js');
  return execFileSync(process.execPath, [path, 'lab', 'handshake'], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C.UTF-8', COLUMNS: '80' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

test('the ladder in the README is what `npm start` prints', (context) => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const shown = /```text\n([\s\S]*?)```/.exec(readme)?.[1];
  if (shown === undefined) throw new Error('README.md has no ```text block');
  const stdout = runLab();
  if (!stdout.includes('10.77.0.1')) context.skip('no namespaces here: the lab played over loopback');
  const expected = facts(shown);
  expect(expected.packets?.length).toBeGreaterThan(8);
  expect(facts(stdout)).toEqual(expected);
  for (const line of [...shown.split('\n'), ...stdout.split('\n')]) expect([...line].length).toBeLessThanOrEqual(80);
});
