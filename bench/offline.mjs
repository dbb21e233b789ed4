/** Packets that are there already: decoding, scanning, filtering, building; against C, tshark, tcpdump, scapy and npm. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { largeCapture, mixedCapture } from './captures.mjs';
import { measureSender, peer, script } from './harness.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const PACKETS = 100_000;
const file = () => mixedCapture(PACKETS);
const has = (command) => spawnSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' }).status === 0;

/** What a program that counts for itself says. */
const counts = (command) => (ms) => measureSender([...command, file(), String(ms)]);
const ours = (kind) => (ms) => measureSender(script('offline-barewire', kind, file(), String(ms)));

/** A program that reads the whole file once and says nothing: its start is part of it. */
const once = (command) => async () => {
  const began = process.hrtime.bigint();
  const { status, stderr } = spawnSync(command[0], command.slice(1), { stdio: ['ignore', 'ignore', 'pipe'] });
  if (status !== 0) throw new Error(`${command[0]}: ${stderr}`);
  return { rate: (PACKETS * 1e9) / Number(process.hrtime.bigint() - began), cpu: Number.NaN };
};

/** `cap` and `pcap` from npm, compiled once; undefined, with the reason said, where they do not compile. */
function npmFolder() {
  const folder = join(here, '..', 'build', 'vs');
  const isThere = () =>
    ['cap/build/Release/cap.node', 'pcap/build/Release/pcap_binding.node'].every((path) =>
      existsSync(join(folder, 'node_modules', path)),
    );
  if (isThere()) return folder;
  if (!existsSync('/usr/include/pcap/pcap.h')) {
    console.error('bench: npm cap and pcap are left out: they need libpcap-dev to compile');
    return undefined;
  }
  mkdirSync(folder, { recursive: true });
  cpSync(join(here, 'vs', 'package.json'), join(folder, 'package.json'));
  const npm = (...args) => spawnSync('npm', args, { cwd: folder, stdio: 'ignore', timeout: 300_000 });
  npm('install', '--no-audit', '--no-fund');
  // npm of late asks before it runs what a package brings along to compile itself.
  if (!isThere()) npm('install-scripts', 'approve', 'cap', 'pcap');
  if (!isThere()) npm('rebuild');
  if (isThere()) return folder;
  console.error('bench: npm cap and pcap are left out: they did not compile');
  return undefined;
}

function npmContenders() {
  const folder = npmFolder();
  if (folder === undefined) return {};
  const run = (who) => (ms) =>
    measureSender([process.execPath, join(here, 'vs', 'offline.cjs'), who, file(), String(ms)], { cwd: folder });
  return { cap: run('cap'), pcap: run('pcap') };
}

/** Debian's scapy is in /usr/bin/python3's path alone. */
function scapyContender() {
  const python = ['/usr/bin/python3', 'python3'].find(
    (path) => spawnSync(path, ['-c', 'import scapy'], { stdio: 'ignore' }).status === 0,
  );
  if (python === undefined) {
    console.error('bench: scapy is left out: it is not installed');
    return {};
  }
  return { scapy: counts([python, join(here, 'vs', 'offline.py')]) };
}

const FIELDS =
  'frame.number ip.src ip.dst tcp.srcport tcp.dstport tcp.seq_raw tcp.ack_raw tcp.flags tcp.window_size_value tcp.len'.split(
    ' ',
  );

export function wireCases() {
  const npm = npmContenders();
  const tshark = ['tshark', '-n', '-r', file(), '-T', 'fields', ...FIELDS.flatMap((name) => ['-e', name])];
  const rivals = {
    ...npm,
    ...(has('tcpdump') ? { tcpdump: once(['tcpdump', '-n', '-r', file()]) } : {}),
    ...(has('tshark') ? { tshark: once(tshark) } : {}),
    ...scapyContender(),
  };
  const least = { cap: 4, pcap: 8, tshark: 100 };
  return [
    {
      name: 'decode a file to layers and TCP fields',
      unit: 'packets/s',
      contenders: { C: counts(peer('pcap_walk')), barewire: ours('decode'), ...rivals },
      bars: Object.entries(least).flatMap(([who, bar]) => (who in rivals ? [['barewire', who, bar]] : [])),
      rateBars: [['barewire', 3e6]],
    },
    {
      name: 'scan headers only',
      unit: 'packets/s',
      contenders: { C: counts(peer('pcap_walk')), barewire: ours('scan') },
      bars: [],
      rateBars: [['barewire', 6e6]],
    },
    {
      name: 'build Ethernet, IPv4 and TCP with both checksums',
      unit: 'packets/s',
      contenders: { barewire: ours('build') },
      bars: [],
      rateBars: [['barewire', 1e6]],
    },
    {
      name: 'checksum of 1,460 bytes',
      unit: 'times/s',
      contenders: { barewire: ours('checksum') },
      bars: [],
      // 1.5 GB/s
      rateBars: [['barewire', 1.5e9 / 1460]],
    },
  ];
}

const memory = (who, format) => () => measureSender(script('file-memory', who, largeCapture(format)));

export function captureCases() {
  const npm = npmContenders();
  return [
    {
      name: 'records of a file, an object each',
      unit: 'packets/s',
      contenders: {
        C: counts(peer('pcap_walk')),
        barewire: ours('records'),
        ...('pcap' in npm ? { pcap: npm.pcap } : {}),
      },
      bars: [],
    },
    {
      name: 'filter tcp port 80 and host 10.0.0.5',
      unit: 'packets/s',
      contenders: {
        interpreter: ours('interpreter'),
        javascript: ours('filter'),
        ...(has('tcpdump')
          ? { tcpdump: once(['tcpdump', '-r', file(), '-w', '/dev/null', 'tcp port 80 and host 10.0.0.5']) }
          : {}),
      },
      bars: [],
      rateBars: [['interpreter', 5e6]],
    },
    {
      name: 'memory to read a file of 1 GiB',
      unit: 'MiB over what Node takes',
      contenders: {
        pcap: memory('items', 'pcap'),
        pcapng: memory('items', 'pcapng'),
        cursor: memory('cursor', 'pcap'),
      },
      bars: [],
      mostBars: [
        ['pcap', 64],
        ['pcapng', 64],
        ['cursor', 64],
      ],
    },
    {
      name: 'compile a filter of 19 instructions',
      unit: 'times/s',
      contenders: { barewire: ours('compile') },
      bars: [],
      // Under a millisecond.
      rateBars: [['barewire', 1000]],
    },
  ];
}
