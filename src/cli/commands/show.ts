/** `barewire show`: what is in a capture file. */
import { type CommandRow, command } from '../options/command.ts';
import { choice, flag, preset, type RowsFor, value, whole, words } from '../options/rows.ts';
import { pickRows, printRows, type ShowFlags } from '../packets/options.ts';

const WHOLE = 'The whole';

const rows: RowsFor<ShowFlags> = {
  ...printRows,
  ...pickRows,
  write: value('w', words('file', 'file'), 'write the packets into a file instead of printing them (.pcap or .pcapng)'),
  conv: flag(undefined, 'a table of conversations instead of packets', WHOLE),
  protocols: flag(undefined, 'how many packets and bytes of each protocol instead of packets', WHOLE),
  follow: value(
    undefined,
    whole('number', 0, 1_000_000_000),
    'what both sides of this TCP connection said; --conv numbers them',
    WHOLE,
  ),
  as: preset(
    undefined,
    choice('text', 'hex', 'raw'),
    'text',
    'how --follow prints bytes; raw is the bytes alone',
    WHOLE,
  ),
};

export const showCommand: CommandRow = command({
  name: 'show',
  summary: 'print what is in a capture file',
  description:
    'Prints the packets of a pcap or pcapng file, also of one that gzip made, a line each in the form of tcpdump. ' +
    'Files of any size are read with little memory; of a damaged file what is whole is shown, then where it breaks.',
  arguments: [
    { name: 'file', text: 'the capture; - is standard input', offers: 'file' },
    { name: 'expression', text: 'a filter, as in pcap-filter(7)', optional: true, variadic: true },
  ],
  options: rows,
  sections: [
    {
      title: 'Examples',
      body: `  barewire show x.pcapng
  barewire show x.pcapng -V -c 1
  barewire show x.pcapng 'tcp port 80 and not host 10.0.0.1' -w y.pcapng
  barewire show x.pcapng --notes 'tcp port 80'
  barewire show x.pcapng --conv
  barewire show x.pcapng --protocols
  barewire show x.pcapng --follow 0
  barewire show x.pcapng --json | jq -c 'select(.dst_port == 53)'`,
    },
    { title: 'Exit status', body: '0; 2 for a damaged file, a file that cannot be read, or a mistake in the command.' },
  ],
  run: async ([file = '', ...expression], flags) =>
    (await import('../packets/show.ts')).show(file, expression.join(' '), flags),
});
