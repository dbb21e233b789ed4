/**
 * TCP of this kernel over a wire that loses, repeats and reorders: the notes are tshark's, the bytes of both directions
 * are those that were sent and those that tshark follows, the table has tshark's conversations.
 */
import { describe, expect, test } from 'vitest';
import { encodePcap } from '../../src/capture/index.ts';
import { concat, fromHex, Random } from '../../src/core/index.ts';
import { FlowTable, TcpFollower } from '../../src/flow/index.ts';
import { LabRefused, makeLabHosts } from '../../src/os/lab-hosts.ts';
import { AF_INET, SOCK_STREAM, type Socket } from '../../src/socket/index.ts';
import { decodePacket } from '../../src/wire/index.ts';
import { describeInNamespace } from '../support/in-namespace.ts';
import { compare } from './compare.ts';
import { type Faults, LossyWire } from './lossy-wire.ts';
import { type Frame, hasTshark, tshark } from './tshark.ts';

const SEED = 20_261_123;
const SENT_BYTES = 300_000;
const patience = { timeoutMs: 20_000 };

function bytesOf(seed: number, size: number): Uint8Array {
  const random = new Random(seed);
  return Uint8Array.from({ length: size }, () => random.below(256));
}

async function readAll(socket: Socket): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (;;) {
    const part = await socket.recv(65_536, patience);
    if (part.length === 0) return concat(parts);
    parts.push(part);
  }
}

/** The client sends, the server answers when it has all; both close. */
async function transfer(faults: Faults, request: Uint8Array, response: Uint8Array): Promise<Frame[]> {
  const lab = makeLabHosts();
  const wire = new LossyWire(lab, SEED, faults);
  try {
    const at = { family: 'inet', address: lab.server.addresses[0]!, port: 80 } as const;
    using listener = lab.server.host.socket(AF_INET, SOCK_STREAM);
    listener.bind(at);
    listener.listen(1);
    using client = lab.client.host.socket(AF_INET, SOCK_STREAM);
    const [accepted] = await Promise.all([listener.accept(patience), client.connect(at, patience)]);
    using server = accepted;
    const [got] = await Promise.all([
      readAll(server),
      client.sendAll(request, patience).then(() => client.shutdown('wr')),
    ]);
    expect(got).toEqual(request);
    const [answer] = await Promise.all([
      readAll(client),
      server.sendAll(response, patience).then(() => server.shutdown('wr')),
    ]);
    expect(answer).toEqual(response);
    return wire.frames.filter(({ bytes }) => decodePacket(bytes, 'raw').tcp !== undefined);
  } finally {
    wire.close();
  }
}

/** Both directions as tshark follows them: lines of hexadecimal digits, those of the server indented. */
function followed(frames: readonly Frame[]): Uint8Array[] {
  const lines = tshark(encodePcap(frames, { linkType: 101 }), ['-q', '-z', 'follow,tcp,raw,0']).split('\n');
  const isData = (line: string): boolean => /^\t?([0-9a-f]{2})+$/.test(line);
  return ['', '\t'].map((lead) =>
    concat(
      lines
        .filter((line) => isData(line) && line.startsWith('\t') === (lead === '\t'))
        .map((line) => fromHex(line.trim())),
    ),
  );
}

describeInNamespace(import.meta.url, 'connections of the kernel', () => {
  describe.each([
    ['loses', { loss: 0.03, twice: 0, late: 0 }],
    ['repeats and reorders', { loss: 0, twice: 0.03, late: 0.05 }],
    ['does all of it', { loss: 0.02, twice: 0.02, late: 0.03 }],
  ] as const)('a wire that %s', (_, faults) => {
    test('notes, bytes and counts are those of tshark', async (context) => {
      if (!hasTshark) return context.skip('tshark is not installed');
      const request = bytesOf(1, SENT_BYTES);
      const response = bytesOf(2, SENT_BYTES / 3);
      let frames: Frame[];
      try {
        frames = await transfer(faults, request, response);
      } catch (error) {
        if (error instanceof LabRefused) return context.skip(error.message);
        throw error;
      }

      const { noted, explained, unexplained, unseen } = compare(frames);
      expect(unexplained, `${frames.length} frames, explained: ${JSON.stringify(explained)}`).toEqual([]);
      expect(unseen.ours).toEqual(unseen.counted);
      expect(noted).toBeGreaterThan(0);

      const follower = new TcpFollower();
      const table = new FlowTable();
      const parts = { true: [] as Uint8Array[], false: [] as Uint8Array[] };
      for (const [i, { t, bytes }] of frames.entries()) {
        const packet = decodePacket(bytes, 'raw');
        table.add(packet, t, bytes.length);
        for (const { isToServer, event } of follower.add(packet, t, bytes.length, i + 1)) {
          expect(['data', 'repeated', 'end']).toContain(event.kind);
          if (event.kind === 'data') parts[`${isToServer}`].push(event.bytes);
        }
      }
      expect([concat(parts.true), concat(parts.false)]).toEqual([request, response]);
      expect(followed(frames)).toEqual([request, response]);

      const [flow, ...others] = table.flows;
      expect(others).toEqual([]);
      expect(flow?.tcp).toMatchObject({ state: 'SF', history: expect.stringMatching(/^ShA/) as string });
      const conversation = tshark(encodePcap(frames, { linkType: 101 }), ['-q', '-z', 'conv,tcp']);
      expect(conversation).toContain(`${flow!.toServer.packets + flow!.toClient.packets}`);
      return undefined;
    });
  });
});
