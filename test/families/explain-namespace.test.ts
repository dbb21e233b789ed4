/** explain() speaks of the network namespace that the error comes from: its addresses, routes and settings. */
import { expect, test } from 'vitest';
import { explain } from '../../src/os/explain.ts';
import { AF_INET, SOCK_DGRAM } from '../../src/socket/index.ts';
import { describeInNamespace } from '../support/in-namespace.ts';
import { loopbackNamespace } from '../support/namespaces.ts';

describeInNamespace(import.meta.url, 'explain in a namespace', () => {
  test('explain: no address, no route', () => {
    using host = loopbackNamespace('explained');
    using socket = host.socket(AF_INET, SOCK_DGRAM);
    const errorOf = (run: () => void): unknown => {
      try {
        run();
      } catch (error) {
        return error;
      }
      throw new Error('expected a refusal');
    };
    const notHere = explain(
      errorOf(() => socket.bind('10.1.2.3:0')),
      host,
    );
    expect(notHere?.text).toMatch(/no interface has the address 10\.1\.2\.3; there are 127\.0\.0\.1 \(lo\)/);
    const noRoute = explain(
      errorOf(() => socket.tryConnect('10.1.2.3:9')),
      host,
    );
    expect(noRoute).toMatchObject({
      code: 'ENETUNREACH',
      text: expect.stringMatching(/no interface has a global IPv4 address/) as string,
    });
  });
});
