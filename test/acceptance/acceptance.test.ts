/** Every acceptance case, one by one, on the network of test/support/topology.ts. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeInNamespace } from '../support/in-namespace.ts';
import { makeTopology, type Topology } from '../support/topology.ts';
import { CASES } from './cases/index.ts';
import { isBuilt, runCase } from './run.ts';

describeInNamespace(import.meta.url, 'acceptance', () => {
  let net: Topology;
  beforeAll(async () => {
    net = await makeTopology();
  });
  afterAll(() => net[Symbol.dispose]());

  test.for(CASES)('$tool: $name', async (row, context) => {
    if (!isBuilt()) return context.skip('not built: npm run build');
    const { faults, ours } = await runCase(net, row);
    expect(faults, `${ours.stdout}${ours.stderr}`).toEqual([]);
    return undefined;
  });
});
