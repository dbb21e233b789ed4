/** Texts that strangers send: addresses, traces, chat. */
import { formatPrefix, formatSocketAddress, parsePrefix, parseSocketAddress } from '../../../src/addr/index.ts';
import { fromUtf8, utf8 } from '../../../src/core/index.ts';
import { LineSplitter } from '../../../src/tools/chat/lines.ts';
import { parseServerLine } from '../../../src/tools/chat/protocol.ts';
import { encodeTrace, readTrace } from '../../../src/trace/index.ts';
import { handshakeTrace } from '../../../src/trace/testing/handshake.ts';
import { hold, type Target } from '../target.ts';

const ADDRESSES = [
  '127.0.0.1:80',
  '[fe80::1%2]:80',
  'unix:/run/x',
  'unix:@name',
  'packet:2/0x0800',
  'netlink:0/1',
  'vsock:2:1024',
  '192.0.2.0/24',
];

/** The head and a few events: a whole trace is long, and its lines are alike. */
const traceText = encodeTrace(handshakeTrace()).split('\n').slice(0, 8).join('\n');

export const textTargets: readonly Target[] = [
  {
    name: 'addr/text',
    seeds: ADDRESSES.map(utf8),
    run: (bytes) => {
      const text = fromUtf8(bytes);
      return `${wayOf(() => formatPrefix(parsePrefix(text)))} ${wayOf(() => {
        const address = parseSocketAddress(text);
        const printed = formatSocketAddress(address);
        hold(formatSocketAddress(parseSocketAddress(printed)) === printed, `${text} is printed as ${printed}`);
        return address.family;
      })}`;
    },
  },
  {
    name: 'trace/ndjson',
    seeds: [utf8(traceText)],
    run: (bytes) => {
      const { trace, problems } = readTrace(fromUtf8(bytes));
      if (trace !== undefined) {
        const again = readTrace(encodeTrace(trace));
        hold(again.problems.length === 0, 'what was read and written again has problems');
        hold(again.trace?.events.length === trace.events.length, 'events were lost on the way round');
      }
      return problems.map(({ field, expected }) => `${field} ${expected}`).join();
    },
  },
  {
    name: 'tools/chat',
    seeds: ['* welcome ann, with bob\n', 'ann: hello\n', '* ann, bob and 3 more joined\r\n'].map(utf8),
    run: (bytes) => {
      const splitter = new LineSplitter(100);
      const lines = [...splitter.push(bytes.subarray(0, 5)), ...splitter.push(bytes.subarray(5)), ...splitter.end()];
      for (const { text } of lines) hold(!text.includes('\n'), 'a line has a newline in it');
      hold(lines.length > 0 || !bytes.includes(10), 'a line was lost');
      return lines.map(({ text, tooLong }) => (tooLong ? 'long' : parseServerLine(text).kind)).join();
    },
  },
];

/** How it ended: its result, or the kind of its complaint. A public door throws TypeError or RangeError alone. */
function wayOf(run: () => string): string {
  try {
    return run().replaceAll(/\d+/g, '#').slice(0, 20);
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) return error.name;
    throw error;
  }
}
