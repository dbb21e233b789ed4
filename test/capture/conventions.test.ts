/**
 * What `barewire sniff` and `show` promise of any command that reads packets: records for errors, one summary at the
 * end whatever happens, a file instead of stdout, a command that runs beside; and filters that explain themselves.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodePcap } from '../../src/capture/index.ts';
import { buildPacket } from '../../src/wire/index.ts';
import { commandLine, has, refused } from '../support/command-line.ts';

const line = commandLine('conventions');
const { barewire, inNetwork, run } = line;

afterAll(() => line.dispose());

type Row = Record<string, unknown>;

function records(text: string): Row[] {
  return text
    .trim()
    .split('\n')
    .map((one) => JSON.parse(one) as Row);
}

/** Of a TCP connection in which a two-byte character and a line are cut by segments. */
const SEGMENTS = [
  { from: 'client', seq: 99, syn: true, text: '' },
  { from: 'server', seq: 499, syn: true, text: '' },
  { from: 'client', seq: 100, text: 'one li' },
  { from: 'client', seq: 106, text: 'ne\nna\u00c3' },
  { from: 'client', seq: 112, text: '\u00afve' },
  { from: 'server', seq: 500, text: 'yes' },
] as const;

function segment({ from, seq, text, ...rest }: (typeof SEGMENTS)[number]): Uint8Array {
  const isClient = from === 'client';
  const isSyn = 'syn' in rest;
  const [src, dst] = isClient ? ['10.0.0.1', '10.0.0.2'] : ['10.0.0.2', '10.0.0.1'];
  const [srcPort, dstPort] = isClient ? [4000, 80] : [80, 4000];
  return buildPacket({
    ipv4: { src: src!, dst: dst! },
    tcp: {
      srcPort: srcPort!,
      dstPort: dstPort!,
      seq,
      ack: isClient ? 500 : 100,
      flags: isSyn ? (isClient ? 2 : 18) : 24,
    },
    payload: Uint8Array.from(text, (character) => character.charCodeAt(0)),
  });
}

describe('show', () => {
  let file: string;

  beforeAll(() => {
    file = join(line.scratch, 'said.pcap');
    const packets = SEGMENTS.map((one, i) => ({ t: BigInt(i), bytes: segment(one) }));
    writeFileSync(file, encodePcap(packets, { linkType: 101 }));
  });

  test.each([
    [['/nowhere'], { code: 'ENOENT' }],
    [['said.pcap', 'tcp', 'prt', '80'], { code: 'ERR_FILTER' }],
    [['said.pcap', '--conv', '--follow', '0'], { message: '--conv, --protocols, --follow and -w exclude each other' }],
  ])('%j --json: the error is a record, the summary is last', (args, error) => {
    const { status, out, err } = barewire('show', ...args, '--json');
    expect(status).toBe(2);
    expect(records(out)).toEqual([
      expect.objectContaining({ v: 1, type: 'error', ...error }),
      expect.objectContaining({ v: 1, type: 'summary', reason: 'error' }),
    ]);
    expect(err).toMatch(/^barewire show: /);
  });

  test('-o: the file has what stdout would have', () => {
    const plain = barewire('show', file, '--json').out;
    expect(barewire('show', file, '--json', '-o', 'records')).toEqual({ status: 0, out: '', err: '' });
    expect(readFileSync(join(line.scratch, 'records'), 'utf8')).toBe(plain);
  });

  test('-w writes a file also when no packet passes the filter', () => {
    expect(barewire('show', file, '-w', 'none.pcapng', 'udp').status).toBe(0);
    const { status, out } = barewire('show', 'none.pcapng', '--json');
    expect({ status, records: records(out).length }).toEqual({ status: 0, records: 1 });
  });

  test('--follow: a line and a character that segments cut stay whole', () => {
    expect(barewire('show', file, '--follow', '0').out).toBe(
      '--- 10.0.0.1:4000 > 10.0.0.2:80\none line\nna\u00efve\n--- 10.0.0.2:80 > 10.0.0.1:4000\nyes\n',
    );
    const said = records(barewire('show', file, '--follow', '0', '--json').out);
    expect(said.filter(({ from }) => from === 'client').map(({ text }) => text)).toEqual([
      'one li',
      'ne\nna',
      '\u00efve',
    ]);
    expect(said.at(-2)).toEqual({
      v: 1,
      type: 'data',
      from: 'server',
      offset: 0,
      length: 3,
      frame: 6,
      text: 'yes',
    });
    expect(said.at(-1)).toMatchObject({ type: 'summary', reason: 'done' });
    expect(barewire('show', file, '--follow', '0', '--json', '--as', 'raw').status).toBe(2);
  });

  test('-A: tabs, line ends and everything else as tcpdump has it', (context) => {
    if (!has('tcpdump')) return context.skip('tcpdump is not installed');
    const all = [...Array(256).keys()];
    const payloads = [all, all.toReversed(), [65, 13, 10, 66, 13, 13, 10, 67, 13], [10, 10, 13, 10], [13], [9, 9, 65]];
    const packets = payloads.map((payload, i) => ({
      t: BigInt(i),
      bytes: buildPacket({
        ipv4: { src: '10.0.0.1', dst: '10.0.0.2' },
        udp: { srcPort: 9, dstPort: 9000 },
        payload: Uint8Array.from(payload),
      }),
    }));
    writeFileSync(join(line.scratch, 'bytes.pcap'), encodePcap(packets, { linkType: 101 }));
    expect(barewire('show', 'bytes.pcap', '-tA').out).toBe(run('tcpdump', ['-n', '-t', '-A', '-r', 'bytes.pcap']).out);
    return undefined;
  });

  test('SACK blocks are counted from where the other side began, as tcpdump counts them', (context) => {
    if (!has('tcpdump')) return context.skip('tcpdump is not installed');
    const ends = { ipv4: { src: '10.0.0.1', dst: '10.0.0.2' } };
    const sack = {
      name: 'sack',
      blocks: [
        { left: 700, right: 720 },
        { left: 600, right: 650 },
      ],
    } as const;
    const tcp = { srcPort: 4000, dstPort: 80, flags: 16, seq: 100, ack: 500 };
    const packets = [
      { t: 0n, bytes: buildPacket({ ...ends, tcp }) },
      {
        t: 1n,
        bytes: buildPacket({ ...ends, tcp: { ...tcp, ack: 510, options: [{ name: 'nop' }, { name: 'nop' }, sack] } }),
      },
    ];
    writeFileSync(join(line.scratch, 'sack.pcap'), encodePcap(packets, { linkType: 101 }));
    const { out } = barewire('show', 'sack.pcap', '-t');
    expect(out).toContain('sack 2 {201:221}{101:151}');
    expect(out).toBe(run('tcpdump', ['-n', '-t', '-r', 'sack.pcap']).out);
    return undefined;
  });

  test('--notes: what is remarkable about segments, in lines and records', () => {
    const again = join(line.scratch, 'again.pcap');
    const order = [0, 1, 2, 2, 5];
    const packets = order.map((at, i) => ({ t: BigInt(i) * 300_000_000n, bytes: segment(SEGMENTS[at]!) }));
    writeFileSync(again, encodePcap(packets, { linkType: 101 }));
    const lines = barewire('show', again, '-t', '--notes').out.trim().split('\n');
    expect(lines[1]).toMatch(/ \[acks 1 after 300\.000 ms\]$/);
    expect(lines[3]).toMatch(/ \[retransmission of 3, 300\.000 ms later; 6 bytes in flight\]$/);
    expect(records(barewire('show', again, '--json', '--notes').out)[3]).toMatchObject({
      stream: 0,
      notes: ['retransmission'],
    });
  });

  test('a reader that goes away ends it without a word', () => {
    const { status, out, err } = run('sh', ['-c', `"$NODE" "$CLI" show said.pcap | head -n 1; exit 0`]);
    expect({ status, lines: out.trim().split('\n').length, err }).toEqual({ status: 0, lines: 1, err: '' });
  });
});

describe('sniff', () => {
  test('an interface that is not there: a record, and the summary', (context) => {
    if (refused !== null) return context.skip(refused.message);
    const { status, out } = inNetwork('barewire sniff -i nope0 --json');
    expect(status).toBe(2);
    expect(records(out)).toMatchObject([
      { type: 'error', code: 'ENODEV' },
      { type: 'summary', reason: 'error' },
    ]);
    return undefined;
  });

  test('a command behind --: captured while it runs, its output beside, its exit status', (context) => {
    if (refused !== null) return context.skip(refused.message);
    const { status, out, err } = inNetwork(`
      barewire sniff -i lo -tq 'udp port 9000' -- sh -c '
        "$NODE" -e "
          const s = require(\\"node:dgram\\").createSocket(\\"udp4\\");
          s.send(\\"hello\\", 9000, \\"127.0.0.1\\", () => s.close());"
        echo said; exit 7'`);
    expect({ status, out }).toEqual({
      status: 7,
      out: expect.stringMatching(/^IP 127\.0\.0\.1\.\d+ > 127\.0\.0\.1\.9000: UDP, length 5\n$/) as string,
    });
    expect(err).toMatch(/listening on lo[\s\S]*said\n[\s\S]*1 packet captured\n/);
    return undefined;
  });

  test('with -w the command has stdout; a signal is passed on to it', (context) => {
    if (refused !== null) return context.skip(refused.message);
    const { status, out } = inNetwork(`
      "$NODE" "$CLI" sniff -i lo -w x.pcapng -- sh -c 'trap "echo ended; exit 3" TERM; echo begun > up; while :; do sleep 0.02; done' 2> on & sniffer=$!
      until [ -e up ]; do sleep 0.02; done; kill -TERM $sniffer; wait $sniffer`);
    expect({ status, out }).toEqual({ status: 3, out: 'ended\n' });
    expect(existsSync(join(line.scratch, 'x.pcapng'))).toBe(true);
    return undefined;
  });

  test('a command that is not there', (context) => {
    if (refused !== null) return context.skip(refused.message);
    const { status, out, err } = inNetwork('PATH=/usr/bin:/bin; barewire sniff -i lo --json -- nosuch-command');
    expect(status).toBe(2);
    expect(records(out)).toMatchObject([
      { type: 'error', code: 'ENOENT', message: 'nosuch-command: no such command' },
      { type: 'summary', reason: 'error', captured: 0 },
    ]);
    expect(err).toMatch(/\nbarewire sniff: nosuch-command: no such command\n$/);
    return undefined;
  });

  test('--explain: dropped packets too, with the instruction; only kept ones count', (context) => {
    if (refused !== null) return context.skip(refused.message);
    const { status, out } = inNetwork(`
      "$NODE" "$CLI" sniff -i lo -c 1 -tq --explain 'udp port 9001' 2> on & sniffer=$!
      listening; send 1 9000; send 1 9001; wait $sniffer`);
    expect(status).toBe(0);
    expect(
      out
        .trim()
        .split('\n')
        .map((text) => text.trim().replace(/ \(.*/, '')),
    ).toEqual([
      expect.stringMatching(/\.9000: UDP/),
      expect.stringMatching(/^dropped by 'udp port 9001'/),
      expect.stringMatching(/^IP 127\.0\.0\.1 > 127\.0\.0\.1: ICMP 127\.0\.0\.1 udp port 9000 unreachable/),
      expect.stringMatching(/^dropped by 'udp port 9001'/),
      expect.stringMatching(/\.9001: UDP/),
      expect.stringMatching(/^kept by 'udp port 9001'/),
    ]);
    return undefined;
  });

  test('--stats-every: counts as records while it runs', (context) => {
    if (refused !== null) return context.skip(refused.message);
    const { status, out } = inNetwork(`
      "$NODE" "$CLI" sniff -i lo --json --stats-every 0.1 > lines 2> on & sniffer=$!
      until grep -q stats lines; do sleep 0.02; done; kill -INT $sniffer; wait $sniffer; cat lines`);
    expect(status).toBe(0);
    expect(records(out)[0]).toEqual({ v: 1, type: 'stats', captured: 0, received: 0, dropped: 0 });
    expect(records(out).at(-1)).toMatchObject({ type: 'summary', reason: 'interrupted' });
    return undefined;
  });
});

describe('-d', () => {
  test.each(['tcp[tcpflags] & (tcp-syn|tcp-fin) != 0 and not host 10.0.0.1', 'vlan 7 and udp', 'ip6 proto 58 or arp'])(
    '%s: a line an instruction, and the last drops',
    (expression) => {
      const numbers = barewire('sniff', '-ddd', expression).out.trim().split('\n');
      expect(numbers).toHaveLength(Number(numbers[0]) + 1);
      const listing = barewire('sniff', '-d', expression).out.trim().split('\n');
      expect(listing.at(-1)).toMatch(/^\(\d{3}\) ret {6}#0$/);
    },
  );

  test('the listing has the form of bpf_image', (context) => {
    if (!has('tcpdump')) return context.skip('tcpdump is not installed');
    const shape = (text: string): string[] =>
      text
        .trim()
        .split('\n')
        .map((one) => one.replaceAll(/\d+/g, '0'));
    const ours = shape(barewire('sniff', '-d', 'ip').out);
    expect(ours).toEqual(shape(run('tcpdump', ['-d', '-y', 'EN10MB', 'ip']).out));
    return undefined;
  });
});
