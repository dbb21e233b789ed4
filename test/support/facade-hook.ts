/**
 * Put before a program, in its process: whatever it loads from node_modules gets `barewire/net` for `net` and
 * `barewire/dgram` for `dgram`. Nothing of the libraries is changed; Node's own modules keep Node's own.
 */
import Module from 'node:module';
import dgram from '../../src/node/dgram.ts';
import net from '../../src/node/net.ts';

type Load = (request: string, parent: { readonly filename?: string } | undefined, isMain: boolean) => unknown;

const facades: Readonly<Record<string, unknown>> = { net, 'node:net': net, dgram, 'node:dgram': dgram };

/** How often each package asked for one of them, for tests that must know that it was ours that it got. */
export const asked: Map<string, number> = new Map();

const loader = Module as unknown as { _load: Load };
const original = loader._load;
loader._load = (request, parent, isMain) => {
  const facade = facades[request];
  if (facade === undefined) return original(request, parent, isMain);
  const name = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(parent?.filename ?? '')?.[1];
  if (name === undefined) return original(request, parent, isMain);
  asked.set(name, (asked.get(name) ?? 0) + 1);
  return facade;
};
