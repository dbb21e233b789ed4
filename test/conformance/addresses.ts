/**
 * Addresses in the language: words to SocketAddress and back. Ports differ from run to run, so that a port is printed as
 * the name of the first socket that was bound to it; paths and abstract names without what makes them private to a case.
 */
import { SOCKADDR_STORAGE_BYTES, type SocketAddress } from '../../src/addr/sockaddr.ts';
import { AF_INET, AF_INET6, SOCK_RAW, type Socket } from '../../src/socket/index.ts';

export class Names {
  readonly sockets = new Map<string, Socket>();
  readonly #ports = new Map<number, string>();
  readonly #byName = new Map<string, number>();
  readonly #paths: string;
  readonly #prefix: string;

  /** @param paths begins every path, `prefix` every abstract name: private to the case */
  constructor(paths: string, prefix: string) {
    this.#paths = paths;
    this.#prefix = prefix;
  }

  hasPort(port: number): boolean {
    return this.#ports.has(port);
  }

  namePort(name: string, port: number): void {
    this.#byName.set(name, port);
    if (!this.#ports.has(port)) this.#ports.set(port, name);
  }

  /** Learn the ports of all sockets, oldest first: called before a port is printed, and before a socket is closed. */
  learn(): void {
    for (const [name, socket] of this.sockets) {
      // A raw socket's name has its protocol where others have the port.
      if (socket.closed || socket.type === SOCK_RAW || (socket.domain !== AF_INET && socket.domain !== AF_INET6))
        continue;
      const address = socket.getsockname();
      if ((address.family === 'inet' || address.family === 'inet6') && address.port !== 0) {
        this.namePort(name, address.port);
      }
    }
  }

  socket(name: string): Socket {
    const socket = this.sockets.get(name);
    if (socket === undefined) throw new TypeError(`no socket is called '${name}'`);
    return socket;
  }

  path(name: string): string {
    return this.#paths + name;
  }

  parse(word: string): SocketAddress {
    if (word.startsWith('@')) return this.socket(word.slice(1)).getsockname();
    if (word === 'unspec') return { family: 'raw', number: 0, data: new Uint8Array(14) };
    if (word === 'unnamed') return { family: 'unix' };
    if (word.startsWith('path:')) return { family: 'unix', path: this.path(word.slice(5)) };
    if (word.startsWith('abstract:')) return { family: 'unix', abstract: this.#prefix + word.slice(9) };
    const raw = /^raw:(\d+):((?:[0-9a-f]{2})*)$/.exec(word);
    if (raw !== null) {
      const data = Uint8Array.from((raw[2] as string).match(/../g) ?? [], (pair) => parseInt(pair, 16));
      return { family: 'raw', number: Number(raw[1]), data };
    }
    const inet = /^(?:\[([0-9a-f:.]+)\]|([0-9.]+)):(\w+)$/.exec(word);
    if (inet === null) throw new TypeError(`'${word}' is no address`);
    const port = this.#port(inet[3] as string);
    return inet[1] === undefined
      ? { family: 'inet', address: inet[2] as string, port }
      : { family: 'inet6', address: inet[1], port };
  }

  #port(word: string): number {
    if (/^\d+$/.test(word)) return Number(word);
    this.learn();
    const port = this.#byName.get(word);
    if (port === undefined) throw new TypeError(`no socket and no port is called '${word}'`);
    return port;
  }

  print(address: SocketAddress): string {
    switch (address.family) {
      case 'inet':
        return `${address.address}:${this.#portName(address.port)}`;
      case 'inet6':
        return `[${address.address}${address.scopeId === undefined ? '' : `%${address.scopeId}`}]:${this.#portName(address.port)}`;
      case 'unix':
        if (address.path !== undefined) return `path:${address.path.replace(this.#paths, '')}`;
        if (address.abstract === undefined) return 'unnamed';
        return typeof address.abstract === 'string' && address.abstract.startsWith(this.#prefix)
          ? `abstract:${address.abstract.slice(this.#prefix.length)}`
          : 'autobound';
      case 'raw':
        return address.number === 0 && address.data.length === 0 ? 'no address' : `raw:${address.number}`;
      default:
        return address.family;
    }
  }

  #portName(port: number): string {
    if (port === 0) return '0';
    this.learn();
    return this.#ports.get(port) ?? String(port);
  }

  /**
   * The bytes of an address that the kernel wrote, in hex; a port is `pppp`, a Unix name its length. What oracle.py makes
   * of the same call through libc must be the same text.
   */
  hex(bytes: Uint8Array, length: number): string {
    const given = bytes.subarray(0, Math.min(length, SOCKADDR_STORAGE_BYTES));
    const hex = Array.from(given, (byte) => byte.toString(16).padStart(2, '0'));
    const family = hex[0] === '02' || hex[0] === '0a';
    if (family && (hex[2] !== '00' || hex[3] !== '00')) hex.splice(2, 2, 'pp', 'pp');
    return hex[0] === '01'
      ? `01 of ${length > 2 ? (given[2] === 0 ? 'an abstract name' : 'a path') : length}`
      : hex.join('');
  }
}
