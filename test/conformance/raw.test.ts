/** The cases of raw sockets, in a network namespace: there an ordinary user has CAP_NET_RAW, and nobody else's packets. */
import { afterAll, expect, test } from 'vitest';
import { describeInNamespace } from '../support/in-namespace.ts';
import { rawGroups } from './cases/raw.ts';
import { namespaceHost, type TestHost } from './hosts.ts';
import { runCase } from './runner.ts';

describeInNamespace(import.meta.url, 'raw sockets in a namespace', () => {
  const opened = namespaceHost();
  const host: TestHost = opened;
  afterAll(() => opened.host.close());

  test.each(rawGroups)('$subject', async ({ cases }) => {
    const lacks = host.lacks?.() ?? new Map();
    const results = [];
    for (const given of cases) results.push(await runCase(given, host, lacks));
    expect(
      results.filter(({ state }) => state !== 'passed').map(({ case: { id }, reason }) => `${id}: ${reason}`),
    ).toEqual([]);
  });
});
