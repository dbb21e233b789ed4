/** `barewire sniff`: packets as they come. */
import { type CommandRow, command } from '../options/command.ts';
import { choice, count, decimal, flag, preset, type RowsFor, value, whole, words } from '../options/rows.ts';
import { pickRows, printRows, type SniffFlags } from '../packets/options.ts';

const CAPTURE = 'Capturing';
const FILES = 'Files';
const FILTER = 'Filters';

const rows: RowsFor<SniffFlags> = {
  interface: value(
    'i',
    words('interface', 'interface'),
    'where to listen; any is every interface; the first that is up and no loopback when not told',
    CAPTURE,
  ),
  listInterfaces: flag('D', 'list the interfaces', CAPTURE),
  ...pickRows,
  snapLength: preset('s', whole('bytes', 0, 262_144), 262_144, 'keep so many bytes of each packet; 0 is all', CAPTURE),
  noPromiscuous: flag('p', 'do not ask the card for packets that are for others', CAPTURE),
  direction: preset('Q', choice('in', 'out', 'inout'), 'inout', 'packets that come in, that go out, or both', CAPTURE),
  bufferSize: preset('B', whole('KiB', 64, 1_048_576), 4096, 'memory for packets that wait to be read', CAPTURE),
  statsEvery: value(undefined, decimal('seconds', 0.1, 86_400), 'say the counts again and again', CAPTURE),
  immediate: flag(undefined, 'print packets as they come, 1 ms late at most', CAPTURE),
  write: value(
    'w',
    words('file', 'file'),
    'write packets into a file (.pcap, otherwise pcapng; - is stdout) instead of printing them',
    FILES,
  ),
  print: flag(undefined, 'print them too', FILES),
  packetBuffered: flag('U', 'write each packet at once', FILES),
  fileSize: value('C', whole('megabytes', 1, 1_000_000), 'begin another file after so many million bytes', FILES),
  rotateSeconds: value(
    'G',
    whole('seconds', 1, 31_536_000),
    'begin another file after so long; the name goes through strftime(3)',
    FILES,
  ),
  fileCount: value(
    'W',
    whole('files', 1, 100_000),
    'with -C: so many files in turn; with -G: end after so many',
    FILES,
  ),
  read: value('r', words('file', 'file'), 'read a file instead: the same as barewire show', FILES),
  dump: count('d', 'print the filter as the kernel runs it, and end; -dd as C, -ddd as numbers', FILTER),
  linkType: value(
    'y',
    words('type', ['EN10MB', 'RAW', 'LINUX_SLL2']),
    'with -d: link type of the packets; Ethernet when not told',
    FILTER,
  ),
  ...printRows,
};

export const sniffCommand: CommandRow = command({
  name: 'sniff',
  summary: 'print or save the packets of an interface as they come',
  description:
    'Captures packets through a ring that it shares with the kernel and prints a line for each in the form of tcpdump, ' +
    'or writes them into files that Wireshark reads. The filter runs in the kernel. At the end it says how many ' +
    'packets there were and how many were lost. Needs CAP_NET_RAW: root, or a namespace of your own (unshare -Urn).',
  arguments: [{ name: 'expression', text: 'a filter, as in pcap-filter(7)', optional: true, variadic: true }],
  behindDashes: 'command...',
  options: rows,
  sections: [
    {
      title: 'A command beside it',
      body: `  barewire sniff -i lo 'tcp port 8888' -- curl -s http://127.0.0.1:8888/
What stands behind -- is run as soon as the capture has begun, and the capture ends
soon after it. Whose packets they are is not looked at: everything on the interface
that passes the filter is captured meanwhile. What the command prints goes to stderr,
and to stdout when packets do not go there. The exit status is the command's.`,
    },
    {
      title: 'Examples',
      body: `  barewire sniff -i lo 'tcp port 8888'
  barewire sniff -i eth0 -c 100 -w x.pcapng
  barewire sniff -i eth0 -w 'trace-%H%M.pcapng' -G 60 -W 10
  barewire sniff -i eth0 --json -o packets.ndjson --stats-every 10
  barewire sniff -d 'tcp[tcpflags] & (tcp-syn|tcp-fin) != 0 and not host 10.0.0.1'`,
    },
    {
      title: 'Signals',
      body: `Ctrl-C ends it, with the counts and exit status 0; so does SIGTERM, with 143.
SIGUSR1 prints the counts so far and goes on.`,
    },
    {
      title: 'Exit status',
      body: '0, or that of the command behind --; 2 for a mistake in the command, a missing privilege or an interface that goes away.',
    },
  ],
  run: async (expression, flags, behind) =>
    (await import('../packets/sniff.ts')).sniff(expression.join(' '), flags, behind),
});
