/** What the kernel says: addresses, control messages, netlink. */
import { decodeSockAddr, formatSocketAddress } from '../../../src/addr/index.ts';
import { equal } from '../../../src/core/index.ts';
import { decodeAck, decodeAttributes, decodeDone, decodeMessages } from '../../../src/netlink/message.ts';
import { decodeDiagMessage } from '../../../src/netlink/sock-diag.ts';
import { decodeControl, encodeControl } from '../../../src/socket/control/index.ts';
import { decodeTcpInfo } from '../../../src/socket/tcp-info.ts';
import { controlSamples } from '../../support/control-samples.ts';
import { hold, type Target } from '../target.ts';

export const kernelTargets: readonly Target[] = [
  {
    name: 'addr/sockaddr',
    seeds: [2, 10, 1, 16, 17, 29, 30, 38, 40, 42, 44].map((family) => Uint8Array.of(family, 0, ...new Uint8Array(30))),
    run: (bytes) => {
      const address = decodeSockAddr(bytes);
      formatSocketAddress(address);
      return address.family;
    },
  },
  {
    name: 'socket/control',
    seeds: controlSamples.map((message) => encodeControl([message])),
    run: (bytes) => {
      // Once around gives a cut message its length, once more its kind by that length; then nothing changes.
      const around = (from: Uint8Array): Uint8Array => encodeControl(decodeControl(from));
      const settled = around(around(bytes));
      hold(equal(around(settled), settled), 'control messages change on their way round');
      return decodeControl(bytes)
        .map(({ kind }) => kind)
        .join();
    },
  },
  {
    name: 'socket/tcp-info',
    seeds: [new Uint8Array(280)],
    run: (bytes) => decodeTcpInfo(bytes).state,
  },
  {
    name: 'os/netlink',
    seeds: [Uint8Array.from([20, 0, 0, 0, 2, 0, 0, 2, ...new Uint8Array(12)])],
    run: (bytes) => {
      const decoded = decodeMessages(bytes);
      if (!decoded.ok) return `${decoded.code} ${decoded.field}`;
      return decoded.messages
        .map((message) => [decodeAck(message).ok, decodeDone(message).ok, decodeAttributes(message.body).ok].join())
        .join();
    },
  },
  {
    name: 'os/sock-diag',
    seeds: [Uint8Array.of(2, 1, 0, 0, ...new Uint8Array(80)), Uint8Array.of(10, 10, 0, 0, ...new Uint8Array(80))],
    run: (bytes) => {
      const decoded = decodeDiagMessage(bytes, 'tcp');
      return decoded.ok ? `${decoded.row.family} ${decoded.row.state}` : `${decoded.code} ${decoded.field}`;
    },
  },
];
