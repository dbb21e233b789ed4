/**
 * The tiny language of the conformance table: one line a call, and what it must give.
 *
 *     l = socket inet stream
 *     bind l 127.0.0.1:0
 *     listen l 1
 *     c = socket inet stream
 *     connect c @l
 *     s = accept l
 *     close s
 *     recv c 10           -> ""
 *     getpeername l       -> ENOTCONN
 *
 * `NAME = call …` names what a call makes. Without `->` a call must not fail. Words:
 *
 * - addresses: `127.0.0.1:0`, `[::1]:p` (a port by number, by `port`, or that of a named socket), `path:x` and
 *   `abstract:x` (a Unix name, private to the case), `unnamed`, `unspec`, `raw:FAMILY:HEX`, `@l` (where socket l is bound);
 * - data: `"text"`, `x*1000` (a repeated character), `hex:00ff`;
 * - flags of send and recv: the MSG_ words in small letters (`peek dontwait`);
 * - protocols: `tcp udp icmp icmp6 rawip`, numbers, and `mine`, `other`: two that nobody uses, of this run;
 * - outcomes: `?` (anything, an error too), `ok`, a number, an error's C name, data, `"data" from ADDRESS`, `"da" of 4 from ADDRESS` (cut), an address,
 *   ready bits (`in|out`, `none`), `any` (whatever is not an error), `>=N`.
 *
 * `connect accept recv send …` wait; with `try` before them they are one system call that says EAGAIN or EINPROGRESS.
 * The language is interpreted twice: interpreter.ts on a Host, oracle.py on CPython's socket module.
 */

export interface Step {
  readonly call: string;
  /** Names given to what the call makes. */
  readonly makes: readonly string[];
  readonly args: readonly string[];
  /** MSG_ words, in capitals. */
  readonly flags: readonly string[];
  /** Undefined: must not fail. */
  readonly expect: string | undefined;
  /** As written, for people. */
  readonly text: string;
}

interface Shape {
  readonly makes: number;
  readonly least: number;
  readonly most: number;
  readonly flags: boolean;
}

const shape = (least: number, most: number = least, makes = 0): Shape => ({ least, most, makes, flags: false });
const io = (args: number): Shape => ({ least: args, most: args, makes: 0, flags: true });

/** Every call of the language, with how many words it takes. In step with interpreter.ts and oracle.py. */
export const CALLS: { readonly [call: string]: Shape } = {
  socket: shape(2, 3, 1),
  socketpair: shape(2, 3, 2),
  /** A second descriptor for the same socket. */
  dup: shape(1, 1, 1),
  /** Send data along with the descriptor of the socket that is named last: SCM_RIGHTS. */
  sendfd: shape(3),
  /** Receive one byte and the descriptor that came along. */
  recvfd: shape(1, 1, 1),
  port: shape(0, 0, 1),
  bind: shape(2),
  listen: shape(1, 2),
  connect: shape(2),
  tryconnect: shape(2),
  accept: shape(1, 1, 1),
  tryaccept: shape(1, 1, 1),
  getsockname: shape(1),
  getpeername: shape(1),
  send: io(2),
  trysend: io(2),
  sendto: io(3),
  trysendto: io(3),
  writev: shape(3),
  recv: io(2),
  tryrecv: io(2),
  /** The count that recv returns, which MSG_TRUNC makes differ from what was stored. */
  tryrecvlen: io(2),
  recvfrom: io(2),
  tryrecvfrom: io(2),
  /** Data and msg_flags: `"da" trunc`, `"data" none`; no room for control messages. */
  recvmsg: io(2),
  /** From a raw IPv4 socket: the payload after the IP header, its source and destination. */
  recvip: io(2),
  tryrecvip: io(2),
  readv: shape(3),
  /** Everything up to the end of the stream. */
  recvall: shape(1),
  /** Send until it would block. */
  fill: shape(1),
  /** Receive until it would block. */
  drain: shape(1),
  shutdown: shape(2),
  close: shape(1),
  set: shape(3),
  get: shape(2),
  ioctl: shape(2),
  /** Ready bits, as soon as they are the expected ones. */
  poll: shape(1),
  unlink: shape(1),
};

export const FLAGS: { readonly [word: string]: number } = {
  OOB: 0x01,
  PEEK: 0x02,
  DONTROUTE: 0x04,
  TRUNC: 0x20,
  DONTWAIT: 0x40,
  EOR: 0x80,
  WAITALL: 0x100,
  CONFIRM: 0x800,
  ERRQUEUE: 0x2000,
  NOSIGNAL: 0x4000,
  MORE: 0x8000,
};

/** Options by C name: [level, number]. Python's own numbers are compared with these. */
export const OPTIONS: { readonly [name: string]: readonly [level: number, number: number] } = {
  SO_REUSEADDR: [1, 2],
  SO_TYPE: [1, 3],
  SO_ERROR: [1, 4],
  SO_BROADCAST: [1, 6],
  SO_SNDBUF: [1, 7],
  SO_RCVBUF: [1, 8],
  SO_KEEPALIVE: [1, 9],
  SO_OOBINLINE: [1, 10],
  SO_LINGER: [1, 13],
  SO_REUSEPORT: [1, 15],
  SO_PASSCRED: [1, 16],
  SO_RCVLOWAT: [1, 18],
  SO_ACCEPTCONN: [1, 30],
  SO_PROTOCOL: [1, 38],
  SO_DOMAIN: [1, 39],
  SO_PEEK_OFF: [1, 42],
  IP_TOS: [0, 1],
  IP_TTL: [0, 2],
  IP_HDRINCL: [0, 3],
  IP_RECVERR: [0, 11],
  IP_FREEBIND: [0, 15],
  IP_MTU_DISCOVER: [0, 10],
  IP_BIND_ADDRESS_NO_PORT: [0, 24],
  IPV6_UNICAST_HOPS: [41, 16],
  IPV6_RECVERR: [41, 25],
  IPV6_V6ONLY: [41, 26],
  TCP_NODELAY: [6, 1],
  TCP_MAXSEG: [6, 2],
  TCP_CORK: [6, 3],
  TCP_KEEPIDLE: [6, 4],
  TCP_KEEPINTVL: [6, 5],
  TCP_KEEPCNT: [6, 6],
  TCP_LINGER2: [6, 8],
  TCP_DEFER_ACCEPT: [6, 9],
  TCP_USER_TIMEOUT: [6, 18],
  UDP_CORK: [17, 1],
};

/** What msg_flags can tell, and how it is printed. */
export const MESSAGE_FLAGS: readonly (readonly [word: string, bit: number])[] = [
  ['oob', 0x01],
  ['ctrunc', 0x08],
  ['trunc', 0x20],
  ['eor', 0x80],
  ['errqueue', 0x2000],
];

export const BITS: readonly (readonly [word: string, bit: number])[] = [
  ['in', 0x001],
  ['pri', 0x002],
  ['out', 0x004],
  ['err', 0x008],
  ['hup', 0x010],
  ['rdhup', 0x2000],
];

/** The lines of a script as steps. Throws for a line that is not of the language, naming it. */
export function parseScript(text: string): Step[] {
  return text
    .split('\n')
    .map((line) => line.replace(/(^|\s)#\s.*$/, '').trim())
    .filter((line) => line !== '')
    .map(parseLine);
}

function parseLine(line: string): Step {
  const arrow = line.indexOf(' -> ');
  const expect = arrow < 0 ? undefined : line.slice(arrow + 4).trim();
  const words = (arrow < 0 ? line : line.slice(0, arrow)).match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? [];
  const makes = words[1] === '=' ? (words[0] as string).split(',') : [];
  const [call = '', ...rest] = words.slice(makes.length > 0 ? 2 : 0);
  const shape = CALLS[call];
  if (shape === undefined) throw new TypeError(`'${line}': there is no call '${call}'`);
  const args = rest.slice(0, shape.most);
  const more = rest.slice(shape.most);
  const strange = more.find((word) => !shape.flags || FLAGS[word.toUpperCase()] === undefined);
  if (strange !== undefined) throw new TypeError(`'${line}': '${strange}' is one word too many, or no flag`);
  if (args.length < shape.least) throw new TypeError(`'${line}': ${call} takes ${shape.least} words`);
  if (makes.length > 0 && makes.length !== shape.makes) throw new TypeError(`'${line}': ${call} makes ${shape.makes}`);
  if (call === 'set' || call === 'get') {
    if (OPTIONS[args[1] as string] === undefined) throw new TypeError(`'${line}': there is no option '${args[1]}'`);
  }
  return { call, makes, args, flags: more.map((word) => word.toUpperCase()), expect, text: line };
}

/** The bytes that a word of data stands for. */
export function dataOf(word: string): Uint8Array {
  if (word.startsWith('"')) return Uint8Array.from(JSON.parse(word) as string, (char) => char.charCodeAt(0));
  if (word.startsWith('hex:')) return Uint8Array.from(word.slice(4).match(/../g) ?? [], (pair) => parseInt(pair, 16));
  const repeated = /^(.)\*(\d+)$/.exec(word);
  if (repeated === null) throw new TypeError(`'${word}' is no data: expected "text", x*1000 or hex:00ff`);
  return new Uint8Array(Number(repeated[2])).fill((repeated[1] as string).charCodeAt(0));
}

/** The word for bytes; in step with `word_of_data` in oracle.py. */
export function wordOfData(data: Uint8Array): string {
  const first = data[0];
  if (first !== undefined && data.length > 32 && first > 0x20 && first < 0x7f && data.every((byte) => byte === first)) {
    return `${String.fromCharCode(first)}*${data.length}`;
  }
  if (data.some((byte) => byte < 0x20 || byte > 0x7e)) {
    return `hex:${Array.from(data, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
  }
  return JSON.stringify(String.fromCharCode(...data));
}

export function wordOfBits(bits: number, table: typeof BITS = BITS): string {
  const words = table.filter(([, bit]) => (bits & bit) !== 0).map(([word]) => word);
  return words.length === 0 ? 'none' : words.join('|');
}

/** Whether what came is what the step wants. */
export function matches(expect: string | undefined, outcome: string): boolean {
  const failed = /^E[A-Z0-9_]+\b/.test(outcome) || outcome.startsWith('waited');
  if (expect === '?') return true;
  if (expect === undefined || expect === 'any') return !failed;
  if (expect.startsWith('>=')) return Number(outcome) >= Number(expect.slice(2));
  return expect === outcome;
}
