/** What the lab command asks of the lab, and what it does with the answer. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { decodeTrace } from '../../trace/ndjson.ts';
import { handshakeTrace } from '../../trace/testing/handshake.ts';
import type { LabOptions, LabResult } from '../lab-bridge.ts';
import { run } from '../program.ts';

const runLab = vi.hoisted(() => vi.fn<(options: LabOptions) => Promise<LabResult>>());
vi.mock('../lab-bridge.ts', async (original) => ({ ...(await original<object>()), runLab }));

let out: string;
let err: string;
const result = {
  kind: 'played',
  trace: handshakeTrace(),
  tier: 'veth',
  notes: ['no TUN device here: the wire is a veth pair'],
} satisfies LabResult;

beforeEach(() => {
  out = '';
  err = '';
  runLab.mockReset().mockResolvedValue(result);
  vi.spyOn(process.stdout, 'write').mockImplementation(((text: string, done?: (error?: Error) => void) => {
    out += text;
    done?.();
    return true;
  }) as typeof process.stdout.write);
  vi.spyOn(process.stderr, 'write').mockImplementation(((text: string) => {
    err += text;
    return true;
  }) as typeof process.stderr.write);
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

test('handshake over IPv4 is the default; notes go to stderr, the ladder to stdout', async () => {
  expect(await run(['lab'])).toBe(0);
  expect(runLab.mock.calls[0]![0]).toMatchObject({ scenario: 'handshake', rules: [], family: 4, wire: 'auto' });
  expect(err).toBe('barewire lab: no TUN device here: the wire is a veth pair\n');
  expect(out).toContain('SYN-RECEIVED');
  expect(out).toContain('client holds TIME-WAIT');
});

test('every option reaches the lab', async () => {
  const rules = ['--drop', 'client>server:syn#1', '--drop', 'server>client:ack#2', '--hold', 'client>server:data#1=50'];
  const more = [
    '--dup',
    'client>server:fin#1',
    '--reorder',
    'client>server:data#2',
    '-6',
    '--port',
    '9000',
    '--wire',
    'tun',
  ];
  expect(await run(['lab', '-s', 'close-4', '--delay', '12.5', ...rules, ...more])).toBe(0);
  expect(runLab.mock.calls[0]![0]).toMatchObject({
    scenario: 'close-4',
    delayMs: 12.5,
    rules: [
      { action: 'drop', text: 'client>server:syn#1' },
      { action: 'drop', text: 'server>client:ack#2' },
      { action: 'hold', text: 'client>server:data#1=50', extraMs: 50 },
      { action: 'dup', text: 'client>server:fin#1' },
      { action: 'reorder', text: 'client>server:data#2' },
    ],
    family: 6,
    port: 9000,
    wire: 'tun',
  });
});

test('--json is the trace and nothing else on stdout', async () => {
  expect(await run(['lab', '--json'])).toBe(0);
  expect(decodeTrace(out)).toEqual(result.trace);
});

test('-o writes both files, and says so', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'barewire-lab-'));
  try {
    expect(await run(['lab', '-o', join(folder, 'deep')])).toBe(0);
    const trace = join(folder, 'deep', 'handshake.trace.ndjson');
    expect(decodeTrace(readFileSync(trace, 'utf8'))).toEqual(result.trace);
    expect(existsSync(join(folder, 'deep', 'handshake.pcapng'))).toBe(true);
    expect(err).toContain('handshake.pcapng and ');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s: the run is aborted, what was recorded is shown, exit code %i', async (signal, code) => {
  runLab.mockImplementation(
    ({ signal: aborted }) => new Promise((resolve) => aborted.addEventListener('abort', () => resolve(result))),
  );
  const done = run(['lab']);
  await vi.waitFor(() => expect(runLab).toHaveBeenCalled());
  process.emit(signal, signal);
  expect(await done).toBe(code);
  expect(out).toContain('SYN');
  expect(err).toContain(`interrupted by ${signal}`);
});

test('a failure is one line on stderr', async () => {
  runLab.mockRejectedValue(
    Object.assign(new Error('long'), { code: 'EPERM', text: 'user namespaces are off', hint: 'run as root' }),
  );
  expect(await run(['lab'])).toBe(2);
  expect(out).toBe('');
  expect(err).toBe('barewire lab: user namespaces are off. Run as root\n');
});
