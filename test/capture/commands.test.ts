/**
 * `barewire sniff` and `barewire show` as a user runs them, in a network of their own, on real traffic; tshark and
 * tcpdump read what they write and say what they say.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodePcap } from '../../src/capture/index.ts';
import { fromHex } from '../../src/core/index.ts';
import { commandLine, has, refused } from '../support/command-line.ts';
import { allVectors } from '../vectors/all.ts';

const line = commandLine('sniff');
const { run, barewire, inNetwork } = line;

afterAll(() => line.dispose());

describe('sniff', () => {
  test('-c and -w: so many packets in a pcapng file that others read, and the counts', (context) => {
    if (refused !== null) return context.skip(refused.message);
    const { status, err } = inNetwork(`
      "$NODE" "$CLI" sniff -i lo -c 5 -w x.pcapng 'udp port 9000' 2> on & sniffer=$!
      listening; send 3 9001; send 7 9000; wait $sniffer; cat on >&2`);
    expect({ status, err }).toMatchObject({
      status: 0,
      err: expect.stringMatching(/listening on lo, link type 1/) as string,
    });
    expect(err).toMatch(
      /\n5 packets captured\n\d packets received by filter\n0 packets dropped by kernel\nwritten: x\.pcapng\n$/,
    );
    const shown = barewire('show', 'x.pcapng', '-t');
    expect(shown.out.trim().split('\n')).toHaveLength(5);
    expect(shown.out).toMatch(/^IP 127\.0\.0\.1\.\d+ > 127\.0\.0\.1\.9000: UDP, length 7$/m);
    if (!has('tshark')) return context.skip('tshark is not installed');
    const { out } = run('tshark', [
      '-r',
      'x.pcapng',
      '-T',
      'fields',
      '-e',
      'udp.dstport',
      '-e',
      'frame.interface_name',
    ]);
    expect(out.trim().split('\n')).toEqual(Array(5).fill('9000\tlo'));
    return undefined;
  });

  test('printing: a line a packet as it comes; Ctrl-C ends it with the counts and status 0', (context) => {
    if (refused !== null) return context.skip(refused.message);
    const { status, out, err } = inNetwork(
      `
      "$NODE" "$CLI" sniff -i any -l 'udp port 9002' > lines 2> on & sniffer=$!
      listening; send 2 9002; until [ "$(wc -l < lines)" -ge 2 ]; do sleep 0.02; done
      kill -USR1 $sniffer; until grep -q 'captured' on; do sleep 0.02; done
      kill -INT $sniffer; wait $sniffer; cat lines; cat on >&2`.replace(' -l ', ' '),
    );
    expect(status).toBe(0);
    expect(out).toMatch(/^\d\d:\d\d:\d\d\.\d{6} lo In {2}IP 127\.0\.0\.1\.\d+ > 127\.0\.0\.1\.9002: UDP, length 7\n/);
    expect(out.trim().split('\n')).toHaveLength(2);
    expect(err.match(/2 packets captured/g)).toHaveLength(2);
  });

  test('--json: numbers as numbers, one summary at the end; SIGTERM is 143', (context) => {
    if (refused !== null) return context.skip(refused.message);
    const { status, out } = inNetwork(`
      "$NODE" "$CLI" sniff -i lo --json 'udp port 9003' > lines 2> on & sniffer=$!
      listening; send 1 9003; until [ -s lines ]; do sleep 0.02; done
      kill -TERM $sniffer; wait $sniffer && code=0 || code=$?; cat lines; exit $code`);
    expect(status).toBe(143);
    const records = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(records).toEqual([
      expect.objectContaining({ type: 'packet', number: 1, dst_port: 9003, payload: 7, src: '127.0.0.1', length: 49 }),
      expect.objectContaining({ type: 'summary', reason: 'interrupted', captured: 1, dropped: 0 }),
    ]);
    expect(out.split('\n')[0]!.length).toBeLessThan(400);
  });

  test('-C and -W: files in turn', (context) => {
    if (refused !== null) return context.skip(refused.message);
    const { status, out } = inNetwork(`
      "$NODE" "$CLI" sniff -i lo -c 2400 -C 1 -W 2 -w ring.pcap 'udp port 9004' 2> on & sniffer=$!
      listening
      "$NODE" -e '
        const s = require("node:dgram").createSocket("udp4");
        let left = 2400;
        const next = () => left-- > 0 ? s.send(Buffer.alloc(1000), 9004, "127.0.0.1", next) : s.close();
        next();'
      wait $sniffer; ls ring.pcap*`);
    expect({ status, out }).toEqual({ status: 0, out: 'ring.pcap0\nring.pcap1\n' });
    const left = ['ring.pcap0', 'ring.pcap1'].map((file) => barewire('show', file, '-q').out.trim().split('\n').length);
    // Two full files have been begun, and the third took the place of the first.
    expect(left[1]).toBeGreaterThan(900);
    expect(left[0]! + left[1]!).toBeLessThan(2000);
  });

  test('without privilege: which, for whom, what to do', (context) => {
    if (process.getuid?.() === 0) return context.skip('root has the privilege');
    const { status, out, err } = barewire('sniff', '-i', 'lo');
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toMatch(/^barewire sniff: need CAP_NET_RAW on lo \(you are uid \d+, without it\)\. Try: /);
    return undefined;
  });

  test.each([
    [['-d', 'tcp prot 80'], /^barewire sniff: filter: expected .* at 4: tcp prot 80/],
    [['-C', '1'], /^barewire sniff: -C needs -w/],
    [['-W', '3', '-w', 'x'], /^barewire sniff: -W needs -C or -G/],
    [['-i', 'nope0'], /nope0|CAP_NET_RAW/],
    [['-Q', 'up'], /Expected one of in, out, inout/],
    [['-c', '0'], /Expected a whole number from 1/],
    [['-dddd', 'ip'], /expected at most 3/],
    [['-xX', '-i', 'lo'], /-x, -X and -A exclude each other|CAP_NET_RAW/],
  ])('%j is a mistake: exit status 2', (args, message) => {
    const { status, out, err } = barewire('sniff', ...args);
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toMatch(message);
    expect(err).not.toMatch(/\n\s+at /);
  });

  test('-d, -dd, -ddd: the forms of tcpdump, which takes the numbers back', (context) => {
    const expression = 'tcp[tcpflags] & (tcp-syn|tcp-fin) != 0 and not host 10.0.0.1';
    const listing = barewire('sniff', '-d', expression);
    expect(listing.status).toBe(0);
    for (const line of listing.out.trim().split('\n')) expect(line).toMatch(/^\(\d{3}\) [a-z]+ +\S/);
    const c = barewire('sniff', '-dd', expression).out.trim().split('\n');
    expect(c).toHaveLength(listing.out.trim().split('\n').length);
    for (const line of c) expect(line).toMatch(/^\{ 0x[\da-f]+, \d+, \d+, 0x[\da-f]{8} \},$/);
    const numbers = barewire('sniff', '-ddd', 'ip').out;
    if (!has('tcpdump')) return context.skip('tcpdump is not installed');
    expect(run('tcpdump', ['-ddd', '-y', 'EN10MB', 'ip']).out).toBe(numbers);
    return undefined;
  });

  test('-D lists the interfaces', () => {
    expect(barewire('sniff', '-D').out).toMatch(/^1\.lo \[(up|down), loopback\]/);
    expect(JSON.parse(barewire('sniff', '-D', '--json').out.split('\n')[0]!)).toMatchObject({ index: 1, name: 'lo' });
  });
});

describe('show', () => {
  const packets = allVectors
    .filter(({ linkType }) => linkType === 'ethernet')
    .map(({ hex }, i) => ({ t: 1_700_000_000_000_000_000n + BigInt(i) * 1_500_000n, bytes: fromHex(hex) }));
  let file: string;

  beforeAll(() => {
    file = join(line.scratch, 'vectors.pcap');
    writeFileSync(file, encodePcap(packets, { linkType: 1 }));
  });

  const lines = (text: string): string[] => text.trimEnd().split('\n');

  test('a line a packet, with tcpdump’s times', () => {
    const { status, out } = barewire('show', file);
    expect(status).toBe(0);
    expect(lines(out)).toHaveLength(packets.length);
    expect(out).toMatch(/^22:13:20\.000000 IP /);
    expect(lines(barewire('show', file, '-c', '2', '-tt').out)[1]).toMatch(/^1700000000\.001500 /);
    expect(lines(barewire('show', file, '-c', '2', '-ttt').out)[1]).toMatch(/^ 00:00:00\.001500 /);
    expect(lines(barewire('show', file, '-c', '3', '-ttttt', '--nano').out)[2]).toMatch(/^ 00:00:00\.003000000 /);
    expect(lines(barewire('show', file, '-c', '1', '-tttt').out)[0]).toMatch(/^2023-11-14 22:13:20\.000000 /);
    expect(lines(barewire('show', file, '-c', '1', '-t').out)[0]).toMatch(/^IP /);
  });

  test('filters: as many as tcpdump keeps', (context) => {
    if (!has('tcpdump')) return context.skip('tcpdump is not installed');
    for (const expression of ['tcp', 'udp port 53', 'ip6 and not icmp6', 'greater 100 and less 200', 'vlan']) {
      const theirs = run('tcpdump', ['-n', '-r', file, '-t', '-q', expression]).out;
      const count = theirs === '' ? 0 : lines(theirs).filter((line) => !/^\s/.test(line)).length;
      const ours = barewire('show', file, '-q', expression).out;
      expect(ours === '' ? 0 : lines(ours).length, expression).toBe(count);
    }
    return undefined;
  });

  test('-V: the tree; -X: the bytes; -e: the link header; -# numbers', () => {
    const tree = barewire('show', file, '-V', '-c', '1').out;
    expect(tree).toMatch(/^ {4}Ethernet: /m);
    expect(tree).toMatch(/^ {8}ttl: \d+$/m);
    expect(barewire('show', file, '-X', '-c', '1').out).toMatch(/^\t0x0000: {2}4500 /m);
    expect(barewire('show', file, '-XX', '-c', '1').out).toMatch(/^\t0x0000: {2}(?!4500)/m);
    expect(barewire('show', file, '-e', '-t', '-c', '1').out).toMatch(
      /^\S+ > \S+, ethertype IPv4 \(0x0800\), length \d+: \d/,
    );
    expect(barewire('show', file, '-#', '-c', '2', '-t').out).toMatch(/^ {4}1 {2}IP .*\n {4}2 {2}IP /);
  });

  test('-w: what passes the filter goes into another file, stamps and all', () => {
    const out = join(line.scratch, 'tcp.pcapng');
    expect(barewire('show', file, '-w', out, 'tcp')).toMatchObject({
      status: 0,
      out: '',
      err: expect.stringMatching(/^barewire show: \d+ of \d+ packets written\n$/) as string,
    });
    expect(barewire('show', out, '-tt').out).toBe(barewire('show', file, '-tt', 'tcp').out);
  });

  test('gzip, standard input', () => {
    const bytes = readFileSync(file);
    writeFileSync(join(line.scratch, 'v.pcap.gz'), gzipSync(bytes));
    const plain = barewire('show', file).out;
    expect(barewire('show', 'v.pcap.gz').out).toBe(plain);
    expect(run(process.execPath, [line.cli, 'show', '-'], bytes).out).toBe(plain);
  });

  test('a damaged file: what is whole, then where it breaks, status 2', () => {
    const cut = join(line.scratch, 'cut.pcap');
    writeFileSync(cut, readFileSync(file));
    truncateSync(cut, 24 + 16 + packets[0]!.bytes.length + 10);
    const { status, out, err } = barewire('show', cut, '-t');
    expect(status).toBe(2);
    expect(lines(out)).toHaveLength(1);
    expect(err).toMatch(/^barewire show: .*record.*\n$/);
    const records = lines(barewire('show', cut, '--json').out).map((line) => JSON.parse(line) as { type: string });
    expect(records.map(({ type }) => type)).toEqual(['packet', 'error', 'summary']);
    writeFileSync(cut, 'no capture at all');
    expect(barewire('show', cut)).toMatchObject({ status: 2, out: '' });
    expect(barewire('show', '/nowhere')).toMatchObject({
      status: 2,
      err: 'barewire show: /nowhere: no such file or directory\n',
    });
  });

  test('--explain: why the filter dropped a packet', () => {
    const { out } = barewire('show', file, '--explain', '-t', 'udp port 53');
    expect(out).toMatch(/ {4}dropped by 'udp port 53'|dropped by 'udp|dropped: the packet ends/);
  });

  test('every vector as JSON: one record a packet and a summary', () => {
    const records = lines(barewire('show', file, '--json').out).map(
      (line) => JSON.parse(line) as Record<string, unknown>,
    );
    expect(records).toHaveLength(packets.length + 1);
    expect(records.at(-1)).toMatchObject({ type: 'summary', reason: 'done', packets: packets.length, faults: 0 });
    expect(records[1]).toMatchObject({ number: 2, time: '2023-11-14T22:13:20.001500000Z' });
  });
});

describe('conversations of real HTTP', () => {
  /** Two requests of curl to Python, captured on loopback; undefined with the reason where that is not possible. */
  let file: string | undefined;
  let why = '';

  beforeAll(() => {
    if (refused !== null) why = refused.message;
    else if (!has('curl') || !has('python3')) why = 'curl or python3 is not installed';
    else {
      const { status, err } = inNetwork(`
        mkdir -p www; head -c 100000 /dev/zero | tr '\\0' 'x' > www/page
        python3 -m http.server 8899 --bind 127.0.0.1 -d www > server 2>&1 & server=$!
        "$NODE" "$CLI" sniff -i lo -w http.pcapng 'tcp port 8899' 2> on & sniffer=$!
        listening
        until curl -sf http://127.0.0.1:8899/page > page; do sleep 0.05; done
        curl -sf 'http://127.0.0.1:8899/page?again' > page
        kill $server; sleep 0.1; kill -INT $sniffer; wait $sniffer; cmp page www/page`);
      if (status === 0) file = join(line.scratch, 'http.pcapng');
      else why = err;
    }
  });

  test('--conv: ends, counts and how they ended, as tshark counts', (context) => {
    if (file === undefined) return context.skip(why);
    const all = barewire('show', file, '--conv', '--json').out.trim().split('\n');
    const records = all.map((line) => JSON.parse(line) as Record<string, number | string>);
    const done = records.filter(({ state }) => state === 'SF');
    expect(done).toHaveLength(2);
    expect(done[0]).toMatchObject({ protocol: 'tcp', server_port: 8899, client: '127.0.0.1' });
    expect(done[0]!.payload_to_client).toBeGreaterThan(100_000);
    if (!has('tshark')) return context.skip('tshark is not installed');
    const { out } = run('tshark', [
      '-r',
      file,
      '-T',
      'fields',
      '-e',
      'tcp.stream',
      '-e',
      'frame.len',
      '-e',
      'tcp.dstport',
    ]);
    const rows = out
      .trim()
      .split('\n')
      .map((line) => line.split('\t').map(Number) as [number, number, number]);
    for (const record of records.filter(({ type }) => type === 'conversation')) {
      const mine = rows.filter(([stream, , port]) => stream === record.index && port === 8899);
      expect([mine.length, mine.reduce((sum, [, length]) => sum + length, 0)]).toEqual([
        record.packets_to_server,
        record.bytes_to_server,
      ]);
    }
    expect(barewire('show', file, '--conv').out).toMatch(/^\d+ +tcp +127\.0\.0\.1:\d+ +127\.0\.0\.1:8899 .* SF ShA/m);
    return undefined;
  });

  test.each(['-t', '-tt', '-ttt', '-tttt', '-ttttt', '-tS', '-tq', '-te', '-tA', '-tx', '-txx'])(
    '%s: the lines of tcpdump',
    (option) => {
      if (file === undefined || !has('tcpdump'))
        return console.log(`not compared: ${why || 'tcpdump is not installed'}`);
      for (const filter of ['tcp', 'tcp[tcpflags] & tcp-syn = 0']) {
        const theirs = run('tcpdump', ['-n', '-r', file, option, filter]).out;
        expect(barewire('show', file, option, filter).out).toBe(theirs);
      }
      return undefined;
    },
  );

  test('--protocols: packets and bytes as tshark counts them', (context) => {
    if (file === undefined) return context.skip(why);
    if (!has('tshark')) return context.skip('tshark is not installed');
    const ours = barewire('show', file, '--protocols').out;
    const theirs = run('tshark', ['-r', file, '-q', '-z', 'io,phs']).out;
    for (const [name, theirName] of [
      ['ethernet', 'eth'],
      ['ipv4', 'ip'],
      ['tcp', 'tcp'],
    ] as const) {
      const [, packets, bytes] = new RegExp(`^ *${name} +(\\d+) +(\\d+)`, 'm').exec(ours) ?? [];
      expect([name, packets, bytes]).toEqual([
        name,
        ...(new RegExp(`^ *${theirName} +frames:(\\d+) bytes:(\\d+)`, 'm').exec(theirs) ?? []).slice(1),
      ]);
    }
    const records = barewire('show', file, '--protocols', '--json').out.trim().split('\n');
    expect(JSON.parse(records[1]!)).toMatchObject({ type: 'protocol', layers: 'ethernet/ipv4' });
    return undefined;
  });

  test('--follow: the bytes that tshark follows', (context) => {
    if (file === undefined) return context.skip(why);
    const records = barewire('show', file, '--conv', '--json').out.trim().split('\n');
    const { index } = records
      .map((line) => JSON.parse(line) as { index: number; state?: string })
      .find(({ state }) => state === 'SF')!;
    const text = barewire('show', file, '--follow', String(index)).out;
    expect(text).toMatch(/^--- 127\.0\.0\.1:\d+ > 127\.0\.0\.1:8899\nGET \/page HTTP\/1\.1\n/);
    expect(text).toMatch(/\nHTTP\/1\.0 200 OK\n/);
    expect(barewire('show', file, '--follow', String(index), '--as', 'hex').out).toMatch(/^0x0000: {2}4745 5420 /m);
    if (!has('tshark')) return context.skip('tshark is not installed');
    const theirs = run('tshark', ['-r', file, '-q', '-z', `follow,tcp,raw,${index}`]).out;
    const hex = theirs
      .split('\n')
      .flatMap((line) => /^\t?([\da-f]+)$/.exec(line.trimEnd())?.[1] ?? [])
      .join('');
    const ours = spawnSync(process.execPath, [line.cli, 'show', file, '--follow', String(index), '--as', 'raw']).stdout;
    expect(ours.toString('hex')).toBe(hex);
    return undefined;
  });

  test('a connection that is not there: how many there are, status 1', (context) => {
    if (file === undefined) return context.skip(why);
    expect(barewire('show', file, '--follow', '999')).toMatchObject({
      status: 1,
      err: expect.stringMatching(/--follow 999: expected a number below \d+, the TCP connections/) as string,
    });
    return undefined;
  });
});
