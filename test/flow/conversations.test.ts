/** The table of conversations is that of tshark: who, how many packets and bytes each way, from when and how long. */
import { expect, test } from 'vitest';
import { encodePcap } from '../../src/capture/index.ts';
import { type Flow, FlowTable } from '../../src/flow/index.ts';
import { decodePacket } from '../../src/wire/index.ts';
import { randomSessions } from './sessions.ts';
import { type Frame, hasTshark, tshark } from './tshark.ts';

/** Ends, frames and bytes to the left, to the right, of both, begin and duration in seconds. */
const ROW = new RegExp(
  [
    String.raw`^(\S+:\d+)\s+<->\s+(\S+:\d+)`,
    ...Array<string>(3).fill(String.raw`(\d+)\s(\d+ (?:bytes|kB))`),
    String.raw`([\d.]+)\s+([\d.]+)\s*$`,
  ].join(String.raw`\s+`),
);

/** From 10,000 on tshark writes thousands. */
const sizeText = (bytes: number): string => (bytes < 10_000 ? `${bytes} bytes` : `${Math.trunc(bytes / 1000)} kB`);
const portOf = (end: string): number => Number(end.slice(end.lastIndexOf(':') + 1));

/** One text a conversation; clients have the larger ports. */
function rows(frames: readonly Frame[]): string[] {
  const out = tshark(encodePcap(frames, { linkType: 101 }), ['-q', '-z', 'conv,tcp']);
  return out.split('\n').flatMap((line) => {
    const found = ROW.exec(line);
    if (found === null) return [];
    const [, left = '', right = '', toLeft, toLeftSize, toRight, toRightSize, , , begin, duration] = found;
    const counts = [`${toRight} ${toRightSize}`, `${toLeft} ${toLeftSize}`];
    const isLeftClient = portOf(left) > portOf(right);
    const [ends, each] = isLeftClient ? [[left, right], counts] : [[right, left], counts.toReversed()];
    return [`${ends.join(' ')} ${each.join(' ')} ${begin} ${duration}`];
  });
}

function text({ client, server, toServer, toClient, first, last }: Flow, start: bigint): string {
  // Met in the middle, a conversation has whoever spoke first for its client.
  const isSwapped = client.port < server.port;
  const ends = [client, server].map(({ address, port }) => `${address}:${port}`);
  const counts = [toServer, toClient].map(({ packets, bytes }) => `${packets} ${sizeText(bytes)}`);
  if (isSwapped) {
    ends.reverse();
    counts.reverse();
  }
  const seconds = (ns: bigint, digits: number): string => (Number(ns) / 1e9).toFixed(digits);
  return `${ends.join(' ')} ${counts.join(' ')} ${seconds(first - start, 9)} ${seconds(last - first, 4)}`;
}

test('packets, bytes, begin and duration of random talks', (context) => {
  if (!hasTshark) return context.skip('tshark is not installed');
  const frames = randomSessions(9, 120, 0);
  const table = new FlowTable();
  for (const { t, bytes } of frames) table.add(decodePacket(bytes, 'raw'), t, bytes.length);
  const ours = table.flows.map((flow) => text(flow, frames[0]!.t));
  expect(ours.toSorted()).toEqual(rows(frames).toSorted());
  return undefined;
});
