/** `barewire/net` does what `node:net` does: the same scenario runs on both, and events, values and errors are compared. */
import { readdirSync, readlinkSync } from 'node:fs';
import * as nodeNet from 'node:net';
import { describe, expect, test } from 'vitest';
import * as ourNet from '../../src/node/net.ts';
import { securedScenarios } from './parity/secured.ts';
import { serverScenarios } from './parity/servers.ts';
import { socketScenarios } from './parity/sockets.ts';
import { type Net, type Scenario, Tape, turns } from './parity/tape.ts';

const LIMIT_MS = 4000;

async function record(net: Net, scenario: Scenario): Promise<Record<string, unknown[]>> {
  const tape = new Tape();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done; so far ${JSON.stringify(tape.tracks, null, 1)}`)), LIMIT_MS);
  });
  try {
    await Promise.race([scenario.run(net, tape), late]);
    return tape.tracks;
  } finally {
    clearTimeout(timer);
    await tape.end();
  }
}

function openSockets(): number {
  let count = 0;
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      if (readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:')) count++;
    } catch {
      // The descriptor that the folder was read with.
    }
  }
  return count;
}

describe.each([
  ['sockets', socketScenarios],
  ['servers', serverScenarios],
  ['TLS', securedScenarios],
] as const)('%s', (_, scenarios) => {
  test.each(scenarios.map((scenario) => [scenario.name, scenario] as const))('%s', async (_name, scenario) => {
    const expected = await record(nodeNet, scenario);
    const open = openSockets();
    const ours = await record(ourNet as unknown as Net, scenario);
    expect(ours).toEqual(expected);
    for (let turn = 0; turn < 50 && openSockets() > open; turn++) await turns(1);
    expect(openSockets(), 'descriptors left open').toBeLessThanOrEqual(open);
  });
});

test('there are enough of them', () => {
  expect(socketScenarios.length + serverScenarios.length).toBeGreaterThanOrEqual(60);
});
