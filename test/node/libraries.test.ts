/** Libraries that know nothing of us run on our facades, unchanged: their `require('net')` is answered with ours. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runModule } from '../support/run-module.ts';

async function run(name: string, library: string): Promise<Record<string, unknown>> {
  const folder = fileURLToPath(new URL('libraries', import.meta.url));
  const source = readFileSync(join(folder, `${name}.ts`), 'utf8');
  return JSON.parse(await runModule(source, [library], folder)) as Record<string, unknown>;
}

test('ws: client and server, over TCP and a Unix socket', async () => {
  const talk = [true, 'text', true, 'are you there', 1000, 'done'];
  expect(await run('websocket', 'ws')).toEqual({
    remote: '127.0.0.1',
    tcp: talk,
    unix: talk,
    terminated: 1006,
    refused: 'ECONNREFUSED',
    closes: [1000, 1000, 1006],
    asked: ['ws'],
  });
});

test('ioredis: commands, a pipeline, publish and subscribe, a reset and the way back', async () => {
  expect(await run('redis', 'ioredis')).toEqual({
    ping: 'PONG',
    ours: true,
    get: 'grüße',
    none: null,
    big: true,
    pipeline: [null, 1000],
    published: 1,
    heard: ['news', 'hello'],
    afterReset: 1001,
    asked: ['ioredis'],
  });
});

test('dns2: a name server and its clients, over UDP and TCP', async () => {
  expect(await run('dns', 'dns2')).toEqual({
    single: ['192.0.2.1'],
    parallel: 50,
    overTcp: 100,
    isOurs: true,
    asked: ['dns2'],
  });
});
