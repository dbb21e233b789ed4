/** sniff beside tcpdump: how they end, and what they say when they cannot. */
import type { Case } from '../case.ts';

const COUNTS = [/^\d+ packets? captured$/, /^\d+ packets? received by filter$/, /^\d+ packets? dropped by kernel$/];

export const sniffCases: readonly Case[] = [
  {
    tool: 'sniff',
    name: 'a filter that is wrong',
    args: ['sniff', '-i', 'lo', 'tcp and'],
    original: ['tcpdump', '-i', 'lo', 'tcp and'],
    user: 'root',
    exit: 2,
    originalExit: 1,
    stdout: [],
    stderr: [/^barewire sniff: filter: .* at 7: tcp and$/],
  },
  {
    tool: 'sniff',
    name: 'an interface that there is not',
    args: ['sniff', '-i', 'nope0'],
    original: ['tcpdump', '-i', 'nope0'],
    user: 'root',
    exit: 2,
    originalExit: 1,
    stdout: [],
    stderr: [/^barewire sniff: nope0: no such interface/],
  },
  {
    tool: 'sniff',
    name: 'without privilege',
    args: ['sniff', '-i', 'lo'],
    exit: 2,
    stdout: [],
    stderr: [/need CAP_NET_RAW on lo/],
  },
  {
    tool: 'sniff',
    name: 'two packets of a ping, then the counts',
    args: ['sniff', '-i', 'to-r1', '-n', '-c', '2', 'icmp'],
    user: 'root',
    peers: [{ host: 'server', command: ['ping', '-q', '-n', '-i', '0.2', '10.91.1.2'] }],
    exit: 0,
    stdout: [
      / IP 10\.91\.6\.2 > 10\.91\.1\.2: ICMP echo request, id \d+, seq \d+, length 64$/,
      / IP 10\.91\.1\.2 > 10\.91\.6\.2: ICMP echo reply, /,
    ],
    stderr: [/listening on to-r1/, '', ...COUNTS],
  },
];
