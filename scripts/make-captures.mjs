/**
 * Makes the captures of test/captures anew: real programs talk in namespaces of their own and tcpdump listens.
 * `node scripts/make-captures.mjs [NAME...]`, as root (tcpdump gives up its groups, which a user namespace does not let
 * it); needs iproute2, util-linux, tcpdump, editcap, ping, curl, openssl, nc and python3. Nothing leaves the namespaces.
 *
 * A client (192.0.2.1, 2001:db8::1) and a server (198.51.100.2, 2001:db8:1::2) with a router between them, whose link to
 * the server takes 1,400 bytes. Captured on the client's link unless a scene says otherwise.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(root, 'test', 'captures');
const MOST_BYTES = 50_000;
const INSIDE = 'BAREWIRE_MAKE_CAPTURES';

if (process.env[INSIDE] === undefined) {
  const args = ['--net', process.execPath, fileURLToPath(import.meta.url)];
  const { status } = spawnSync('unshare', [...args, ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, [INSIDE]: '1' },
  });
  process.exit(status ?? 1);
}

const scratch = mkdtempSync(join(tmpdir(), 'barewire-captures-'));
const started = [];

/** A namespace beside this one, alive as long as the `sleep` in it. */
function beside() {
  const child = spawn('unshare', ['--net', 'sleep', '600'], { stdio: 'ignore' });
  started.push(child);
  const net = () => execFileSync('readlink', [`/proc/${child.pid}/ns/net`], { encoding: 'utf8' });
  while (net() === execFileSync('readlink', ['/proc/self/ns/net'], { encoding: 'utf8' }));
  return child.pid;
}

const places = { client: undefined, router: beside(), server: beside() };

/** A shell command in one of the places; its failure is none of ours: some of them are to fail. */
function run(place, command) {
  const [program, ...args] = argvOf(place, command);
  return spawnSync(program, args, { cwd: scratch, encoding: 'utf8', timeout: 20_000 });
}

function must(place, command) {
  const { status, stderr } = run(place, command);
  if (status !== 0) throw new Error(`${command}: ${stderr}`);
}

function argvOf(place, command) {
  const enter = places[place] === undefined ? [] : ['nsenter', '-t', String(places[place]), '-n'];
  return [...enter, 'sh', '-c', command];
}

/** Start a program and wait until it says `ready` on either of its outputs. */
async function start(place, command, ready) {
  const [program, ...args] = argvOf(place, `exec ${command}`);
  const child = spawn(program, args, { cwd: scratch, stdio: ['pipe', 'pipe', 'pipe'] });
  started.push(child);
  let said = '';
  await new Promise((resolve, reject) => {
    const hear = (text) => {
      said += text;
      if (ready.test(said)) resolve();
    };
    child.stdout.setEncoding('utf8').on('data', hear);
    child.stderr.setEncoding('utf8').on('data', hear);
    child.on('exit', () => reject(new Error(`${command} ended: ${said}`)));
  });
  return child;
}

async function stop(child, signal = 'SIGTERM') {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.removeAllListeners('exit');
  child.kill(signal);
  await once(child, 'exit');
}

/** A script that python runs: lines that say what is not obvious are comments of Python's. */
function python(place, ...lines) {
  const path = join(scratch, 'scene.py');
  writeFileSync(path, ['import socket, struct, time', 'from socket import *', ...lines].join('\n'));
  must(place, `python3 ${path}`);
}

// --------------------------------------------------------------------------------------------------------------- scenes

const DNS_SERVER = `
from socket import *
s = socket(AF_INET, SOCK_DGRAM); s.bind(('198.51.100.2', 53)); print('ready', flush=True)
while True:
    q, who = s.recvfrom(512)
    s.sendto(q[:2] + b'\\x85\\x80\\0\\1\\0\\2\\0\\0\\0\\0' + q[12:] + b'\\xc0\\x0c\\0\\1\\0\\1\\0\\0\\1\\x2c\\0\\4\\xc6\\x33\\x64\\2'
      + b'\\xc0\\x0c\\0\\x10\\0\\1\\0\\0\\1\\x2c\\0\\6\\5hello', who)
`;

const SCENES = {
  ping: {
    what: 'ping over both IPs: plain, with record route and timestamps, in fragments, to nowhere, with too few hops',
    talk: () => {
      run('client', 'ping -c 2 -i 0.2 198.51.100.2');
      run('client', 'ping -6 -c 2 -i 0.2 2001:db8:1::2');
      run('client', 'ping -c 1 -R 198.51.100.2; ping -c 1 -T tsandaddr 198.51.100.2; ping -c 1 -Q 0x2a 198.51.100.2');
      run('client', 'ping -c 1 -W 1 -s 3000 -M dont 198.51.100.2; ping -6 -c 1 -W 1 -s 3000 -M dont 2001:db8:1::2');
      run('client', 'ping -c 1 -W 1 -t 1 198.51.100.2; ping -6 -c 1 -W 1 -t 1 2001:db8:1::2');
      run('client', 'ping -c 1 -W 1 203.0.113.1; ping -6 -c 1 -W 1 2001:db8:2::1');
      run('client', 'ping -c 1 -W 1 -s 1440 -M do 198.51.100.2; ping -6 -c 1 -W 1 -s 1440 -M do 2001:db8:1::2');
    },
  },
  neighbours: {
    what: 'a link that comes up: ARP, duplicate address detection, router solicitation, MLD, IGMP, gratuitous ARP',
    on: ['router', 'client0'],
    talk: () => {
      must('client', 'ip link set up0 down; ip link set up0 up; ip addr add 2001:db8::7/64 dev up0');
      run('client', 'sleep 2.5; ping -c 1 192.0.2.254; arping -c 1 -U -I up0 192.0.2.1');
      python(
        'client',
        `s = socket(AF_INET, SOCK_DGRAM)`,
        `s.setsockopt(IPPROTO_IP, IP_ADD_MEMBERSHIP, inet_aton('239.1.2.3') + inet_aton('192.0.2.1'))`,
        `# IP_ADD_SOURCE_MEMBERSHIP is 39`,
        `s.setsockopt(IPPROTO_IP, 39, inet_aton('232.1.1.1') + inet_aton('192.0.2.1') + inet_aton('203.0.113.9'))`,
        `t = socket(AF_INET6, SOCK_DGRAM)`,
        `t.setsockopt(IPPROTO_IPV6, IPV6_JOIN_GROUP, inet_pton(AF_INET6, 'ff15::1') + struct.pack('@I', if_nametoindex('up0')))`,
        `time.sleep(1.5); s.close(); t.close(); time.sleep(1.5)`,
      );
      must('client', 'ip route replace default via 192.0.2.254; ip -6 route replace default via 2001:db8::ffff');
    },
  },
  http: {
    what: 'curl and Python’s http.server over both IPs; a page that is not there',
    talk: async () => {
      writeFileSync(join(scratch, 'page.html'), '<p>hello</p>\n'.repeat(150));
      const server = await start('server', 'python3 -u -m http.server --bind :: 8000', /Serving/);
      run('client', 'curl -s http://198.51.100.2:8000/page.html; curl -s "http://[2001:db8:1::2]:8000/page.html"');
      run('client', 'curl -s -I http://198.51.100.2:8000/none');
      await stop(server);
    },
  },
  tls: {
    what: 'openssl s_client and s_server: TLS 1.3 and TLS 1.2, with a server name and ALPN',
    talk: async () => {
      must(
        'server',
        'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k -out c -subj /CN=example.org',
      );
      const server = await start('server', 'openssl s_server -accept 443 -key k -cert c -alpn h2,http/1.1', /ACCEPT/);
      const client = 'openssl s_client -connect 198.51.100.2:443 -servername example.org -alpn h2,http/1.1';
      run('client', `echo hello | ${client} -tls1_3; echo hello | ${client} -tls1_2`);
      await stop(server);
    },
  },
  dns: {
    what: 'questions to a name server in Python; a datagram to a port where nobody listens; UDP-Lite',
    talk: async () => {
      writeFileSync(join(scratch, 'dns.py'), DNS_SERVER);
      const server = await start('server', 'python3 dns.py', /ready/);
      python(
        'client',
        `s = socket(AF_INET, SOCK_DGRAM); s.settimeout(2)`,
        `for kind in (1, 28, 255):`,
        `    s.sendto(struct.pack('!6H', kind, 0x100, 1, 0, 0, 0) + b'\\3www\\7example\\3org\\0' + struct.pack('!2H', kind, 1), ('198.51.100.2', 53))`,
        `    s.recvfrom(512)`,
        `s.sendto(b'nobody', ('198.51.100.2', 7)); t = socket(AF_INET6, SOCK_DGRAM)`,
        `t.sendto(b'nobody', ('2001:db8:1::2', 7)); time.sleep(0.3)`,
        `try:`,
        `    lite = socket(AF_INET, SOCK_DGRAM, 136); lite.setsockopt(136, 10, 12); lite.sendto(b'partly covered', ('198.51.100.2', 7))`,
        `except OSError: pass`,
      );
      await stop(server);
    },
  },
  tcp: {
    what: 'nc and Python: refused, reset, urgent data, a window that closes, a segment cut by path MTU',
    talk: async () => {
      run('client', 'nc -n -w 1 198.51.100.2 9; nc -n -w 1 2001:db8:1::2 9');
      const server = await start('server', 'nc -n -l -v -p 7000 -s 198.51.100.2', /[Ll]istening/);
      run('client', 'printf "hello\\n" | nc -n -q 1 -w 2 198.51.100.2 7000');
      await stop(server);
      writeFileSync(
        join(scratch, 'sink.py'),
        `from socket import *\nimport time\ns = socket(); s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1); s.setsockopt(SOL_SOCKET, SO_RCVBUF, 2048)
s.bind(('', 7001)); s.listen(); print('ready', flush=True)\nwhile True:\n    c, _ = s.accept(); time.sleep(0.7); c.recv(100000); c.close()\n`,
      );
      const sink = await start('server', 'python3 sink.py', /ready/);
      python(
        'client',
        `c = create_connection(('198.51.100.2', 7001)); c.send(b'now', MSG_OOB); c.send(b'x' * 2000); c.setblocking(False)`,
        `try: c.send(b'y' * 8000)`,
        `except OSError: pass`,
        `time.sleep(1); c.close()`,
        `d = create_connection(('198.51.100.2', 7001)); d.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack('@2i', 1, 0)); d.send(b'bye'); d.close()`,
      );
      await stop(sink);
    },
  },
  options: {
    what: 'UDP over IPv4 with options (router alert, timestamps) and over IPv6 with hop-by-hop and destination options',
    talk: () => {
      python(
        'client',
        `for opts in (b'\\x94\\4\\0\\0', b'\\x44\\x0c\\5\\0' + bytes(8), b'\\1\\1\\x94\\4\\0\\0\\0\\0'):`,
        `    s = socket(AF_INET, SOCK_DGRAM); s.setsockopt(IPPROTO_IP, IP_OPTIONS, opts); s.sendto(b'options', ('198.51.100.2', 7))`,
        `hop = b'\\0\\0\\5\\2\\0\\0\\1\\0'; dst = b'\\0\\0\\x1e\\4\\1\\2\\3\\4'`,
        `for wanted in (((54, hop),), ((59, dst),), ((54, hop), (59, dst))):`,
        `    s = socket(AF_INET6, SOCK_DGRAM)`,
        `    for name, value in wanted: s.setsockopt(IPPROTO_IPV6, name, value)`,
        `    s.sendto(b'options', ('2001:db8:1::2', 7))`,
        `time.sleep(0.3)`,
      );
    },
  },
  loopback: {
    what: 'curl over the loopback interface, where checksums are left to a card that is not there',
    on: ['client', 'lo'],
    talk: async () => {
      writeFileSync(join(scratch, 'page.html'), '<p>hello</p>\n'.repeat(150));
      const server = await start('client', 'python3 -u -m http.server --bind :: 8000', /Serving/);
      run('client', 'curl -s http://127.0.0.1:8000/page.html; curl -s "http://[::1]:8000/page.html"');
      await stop(server);
    },
  },
  any: {
    what: 'ping seen on every interface of the router: Linux cooked capture, version 2',
    on: ['router', 'any'],
    talk: () => run('client', 'ping -c 2 -i 0.2 198.51.100.2; ping -6 -c 2 -i 0.2 2001:db8:1::2'),
  },
  'any-1': {
    what: 'the same as Linux cooked capture, version 1',
    on: ['router', 'any'],
    tcpdump: '-y LINUX_SLL',
    talk: () => run('client', 'ping -c 2 -i 0.2 198.51.100.2; ping -6 -c 2 -i 0.2 2001:db8:1::2'),
  },
  vxlan: {
    what: 'ping and ARP through a VXLAN tunnel of the kernel’s',
    talk: () => {
      const tunnel = (local, remote) =>
        `ip link add vx0 mtu 1300 type vxlan id 42 local ${local} remote ${remote} dstport 4789 && ip addr add`;
      must('client', `${tunnel('192.0.2.1', '198.51.100.2')} 10.9.0.1/24 dev vx0 && ip link set vx0 up`);
      must('server', `${tunnel('198.51.100.2', '192.0.2.1')} 10.9.0.2/24 dev vx0 && ip link set vx0 up`);
      run('client', 'sleep 0.3; ping -c 2 -i 0.2 10.9.0.2; ping -c 1 -s 1250 10.9.0.2');
    },
  },
};

// ------------------------------------------------------------------------------------------------------------------ run

function setUp() {
  const pid = (place) => places[place];
  must('client', 'ip link set lo up');
  must(
    'client',
    `ip link add up0 address 02:00:00:00:00:01 type veth peer name client0 address 02:00:00:00:00:fe netns ${pid('router')}`,
  );
  must(
    'router',
    `ip link add server0 mtu 1400 address 02:00:00:00:01:fe type veth peer name up0 mtu 1400 address 02:00:00:00:01:02 netns ${pid('server')}`,
  );
  must('client', 'ip addr add 192.0.2.1/24 dev up0; ip addr add 2001:db8::1/64 dev up0 nodad; ip link set up0 up');
  must(
    'router',
    'echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding; ip link set lo up',
  );
  must(
    'router',
    'ip addr add 192.0.2.254/24 dev client0; ip addr add 2001:db8::ffff/64 dev client0 nodad; ip link set client0 up',
  );
  must(
    'router',
    'ip addr add 198.51.100.254/24 dev server0; ip addr add 2001:db8:1::ffff/64 dev server0 nodad; ip link set server0 up',
  );
  must('router', 'ip route add unreachable 203.0.113.0/24; ip -6 route add unreachable 2001:db8:2::/64');
  must(
    'server',
    'ip link set lo up; ip addr add 198.51.100.2/24 dev up0; ip addr add 2001:db8:1::2/64 dev up0 nodad; ip link set up0 up',
  );
  for (const [place, four, six] of [
    ['client', '192.0.2.254', '2001:db8::ffff'],
    ['server', '198.51.100.254', '2001:db8:1::ffff'],
  ]) {
    must(place, `ip route add default via ${four}; ip -6 route add default via ${six}`);
  }
  // The work queue that makes IPv6 addresses usable.
  run('client', 'until ping -6 -c 1 -W 1 2001:db8:1::2; do :; done');
}

async function make(name) {
  const { on: [place, face] = ['client', 'up0'], tcpdump = '', talk } = SCENES[name];
  const raw = join(scratch, `${name}.pcap`);
  const path = join(folder, `${name}.pcapng`);
  // Without immediate mode the last second stays in a block of the ring when tcpdump ends.
  const dump = await start(
    place,
    `tcpdump -Z root -n -U --immediate-mode -i ${face} ${tcpdump} -w ${raw}`,
    /listening on/,
  );
  await talk();
  // What the last packet causes has a moment to pass.
  run('client', 'sleep 0.3');
  await stop(dump, 'SIGINT');
  execFileSync('editcap', ['-F', 'pcapng', raw, path]);
  const { size } = statSync(path);
  if (size > MOST_BYTES) throw new Error(`${path}: expected at most ${MOST_BYTES} bytes, got ${size}`);
  console.log(`${name}.pcapng: ${size} bytes`);
}

try {
  const wanted = process.argv.slice(2);
  const unknown = wanted.find((name) => SCENES[name] === undefined);
  if (unknown !== undefined)
    throw new Error(`NAME: expected one of ${Object.keys(SCENES).join(', ')}, got '${unknown}'`);
  setUp();
  for (const name of wanted.length > 0 ? wanted : Object.keys(SCENES)) await make(name);
} catch (error) {
  console.error(`make-captures: ${error.message}`);
  process.exitCode = 1;
} finally {
  for (const child of started) {
    child.removeAllListeners('exit');
    child.kill('SIGKILL');
  }
  rmSync(scratch, { recursive: true, force: true });
}
