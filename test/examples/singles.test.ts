/** Every lesson that needs no other program runs, ends well, and says what it is there to show. */
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCapabilities, tryUserNamespace } from '../../src/os/capabilities.ts';
import { Lessons } from './lessons.ts';

/** What each must print, in this order. */
const SAYS: Record<string, readonly (string | RegExp)[]> = {
  '01': ['SOCK_STREAM 5 bytes: 68 65 6c 6c 6f', 'SOCK_DGRAM  5 bytes', /SOCK_RAW {4}33 bytes: 45 00 .* 68 65 6c 6c 6f/],
  '02': ['descriptor above 2: true', 'socket:[inode]', 'read(2) returned 16: through write(2)', 'the same one: true'],
  '03': ['server listen()', 'server accept()', 'client connect <- 0', 'server recv <- 7', 'the client read: answer'],
  '04': ['one recv(1024): "firstsecond"', '"a longer"', '" message"', '"first"', '"second"', '8 bytes lost for ever'],
  '05': [
    '7 words of 4 bytes = 28',
    '00000010 = SYN',
    '64240',
    'good',
    'mss, nop, windowScale',
    'changed: checksum bad',
  ],
  '06': [
    'connect() returned 0',
    /1 {2}client -> server .*seq = x\n/,
    /2 .*seq = y, ack = x \+ 1\n/,
    /3 .*seq = x \+ 1, ack = y \+ 1\n/,
  ],
  '07': [
    'the wire has lost 4 ACKs',
    'client: 4 sockets ESTABLISHED',
    'server: 4 sockets SYN-RECEIVED',
    'nothing to give: true',
    '8 SYN-ACKs for 4 connections',
  ],
  '08': [
    /AF_INET +ok +ok +EP/,
    /AF_UNIX +ok +ok +ok +ESOCKTNOSUPPORT +ok/,
    'IPPROTO_UDP:  EPROTONOSUPPORT',
    'EAFNOSUPPORT',
  ],
  '09': [
    /13 bytes sent\n.* 33 bytes: 127.0.0.1 > 127.0.0.1.* length 33\n.*good/,
    'IP_HDRINCL is true',
    /33 bytes sent.*\n.*127.0.0.1 > 127.0.0.1, id 0x1234 \(as given\), ttl 9, length 33\n.*good/,
    /41 bytes sent.*\n.*\n.*bad/,
  ],
  10: [
    /ETH_P_IP .*\n {2}in {2}IP 10\.9\.0\.1\.\d+ > 10\.9\.0\.2\.9999: UDP, length 5\n/,
    /ETH_P_ARP .*\n {2}in {2}ARP, Request who-has 10\.9\.0\.2/,
    /ETH_P_RARP .*\n {2}nothing/,
    /ETH_P_ALL .*\n {2}in {2}ARP, Request.*\n {2}out ARP, Reply.*\n {2}in {2}IP/,
  ],
  11: [
    /socket\(\) +0\.0\.0\.0 : 0\n/,
    /bind\(127.0.0.1:0\) +127\.0\.0\.1 : a port/,
    'ENOTCONN',
    /connect\(\).* 127.0.0.1 :/,
    'true',
  ],
  12: [
    'EADDRINUSE',
    /port 80 .*EACCES|everybody may bind port 80/,
    'EADDRNOTAVAIL',
    'EINVAL',
    /restart +-1, errno EADDRINUSE/,
    /SO_REUSEADDR +0/,
  ],
  13: ['= 16', '02 00', '22 b8', '7f 00 00 01', '"port":47138', 'takes 9 bytes'],
  14: ['0x12345678 in memory: 78 56 34 12', 'Little-Endian', 'on a wire: 12 34 56 78'],
  15: ['= 0xb822', '= 0x22b8', '= 0x78563412', '= 0x12345678', '8888: there and back', 'forgotten: 47138'],
  16: [
    '0x0101a8c0, in host order 0xc0a80101',
    '192.168.1.1',
    '127.0.0.1',
    '8.0.0.1',
    'INADDR_NONE',
    'null: strict',
    '2001:db8::1',
  ],
  17: [
    'client 3: connected, ESTABLISHED',
    'client 4: waiting, SYN-SENT',
    'client 4 is ESTABLISHED',
    'SOMAXCONN = 4096',
  ],
  18: ['SO_ACCEPTCONN is true', 'is false and false', 'descriptors: 3', 'I am alice', 'passive socket: ENOTCONN'],
  19: [
    'O_NONBLOCK is set: true',
    'null (EAGAIN)',
    'null (EINPROGRESS)',
    'tryAccept() now: a socket',
    'ERR_SOCKET_TIMEOUT',
  ],
  20: [/listens +0\n/, 'ECONNREFUSED', 'ERR_SOCKET_TIMEOUT', 'ETIMEDOUT'],
  21: [
    'write/read          11',
    'MSG_PEEK  11',
    'send/recv           11',
    '"hello " + "world"',
    '"ttl":42',
    'sender told: true',
  ],
  22: [
    '3, then 2',
    'null from tryRecv',
    '0, the end of the stream',
    'recv ECONNRESET',
    'send EPIPE',
    'ENOTCONN',
    'EBADF',
    'returned 16',
  ],
  23: [
    'reads 65536',
    'nobody reads: true',
    'trySend() is null',
    'two buffers: true',
    'room again',
    'everything arrived: true',
  ],
  24: [
    'two descriptors: true',
    'would wait: true, ESTABLISHED',
    'got 10 bytes',
    'returns 0, CLOSE-WAIT',
    /shutdown.*returns 0/,
  ],
  25: ['returned 0: FIN, CLOSE-WAIT', 'ECONNRESET: RST', 'ECONNRESET: RST'],
  26: [
    /connected .*ESTABLISHED.*ESTABLISHED/,
    /FIN-WAIT-[12] +server CLOSE-WAIT/,
    '"the answer"',
    'is TIME-WAIT',
    '60 seconds',
  ],
  32: [
    '"a" got: Your data was 1',
    '"bb" got: Your data was 2',
    '"ccc" got: Your data was 3',
    'stopped the server for all',
  ],
  33: ['"from the peer"', 'nothing else: null', 'send() returns 17', 'next send(): ECONNREFUSED', 'returns 6 again'],
  34: ['HTTP/1.1 200 OK', 'Connection: close', 'you asked localhost for /'],
  35: ['by hand', 'connected to 127.0.0.1', 'HTTP/1.1 200 OK', 'createConnection', 'HTTP/1.1 200 OK'],
  36: ['DEPTH_ZERO_SELF_SIGNED_CERT', 'HTTP/1.1 200 OK over TLSv1.3'],
  37: ['own namespace, SOCK_RAW   ok', 'AF_PACKET  ok', 'nobody has defined ok'],
  38: [
    /\.1 > 127\.0\.0\.1 +yes +- +- +-/,
    /> 127\.0\.0\.2 +yes +yes +- +-/,
    /\.3 > .* yes +- +yes +-/,
    /254, .* - +- +- +yes/,
    'EPROTONOSUPPORT',
  ],
  39: [
    '= 4000',
    '1500 bytes, offset 0, more',
    '1500 bytes, offset 1480, more',
    '1060 bytes, offset 2960, the last',
    '= 4020',
    'EMSGSIZE',
  ],
  40: ['complement 0xf7f9', 'agrees: 0xf7f9', 'complement is 0', 'same bytes: true', 'type 8, code 0, id 2, seq 4'],
  41: [1, 2, 3, 4].map((n) => `${n} reply from 127.0.0.1: 48 bytes, icmp_seq=${n} ttl=64`),
  42: [
    'hash: 90 packets of 10 flows',
    'a flow has one thread',
    /round-robin: 90 packets.*(\n.*30 packets of 10 flows){3}/,
    'several threads',
  ],
};

/** Raw and packet sockets, hosts of their own: for an ordinary user in a user namespace. */
const IN_NAMESPACE = ['01', '06', '07', '09', '10', '37', '38', '39', '41', '42'];
const noNamespace = readCapabilities().canUnshareNet ? null : tryUserNamespace();
const noOpenssl = spawnSync('openssl', ['version']).error !== undefined;

let lessons: Lessons;
beforeAll(async () => {
  lessons = await Lessons.bundle();
});
afterAll(() => lessons?.[Symbol.asyncDispose]());

describe('lessons', () => {
  test.concurrent.for(Object.entries(SAYS))('%s', async ([number, expected], context) => {
    if (IN_NAMESPACE.includes(number) && noNamespace !== null) context.skip(noNamespace.message);
    if (number === '36' && noOpenssl) context.skip('openssl(1) is missing: it makes the certificate');
    const program = lessons.start(`${number}-`);
    expect(await program.exits(), program.stdout + program.stderr).toBe(0);
    expect(program.stderr).toBe('');
    let from = 0;
    for (const what of expected) {
      const rest = program.stdout.slice(from);
      const at = typeof what === 'string' ? rest.indexOf(what) : rest.search(what);
      expect(at, `${what} in, after offset ${from}:\n${program.stdout}`).toBeGreaterThanOrEqual(0);
      from += at + 1;
    }
  });
});
