/** Filter expressions compiled to classic BPF: the primitives of pcap-filter(7). */
import { parseIpv4 } from '../../addr/ipv4.ts';
import { parseIpv6 } from '../../addr/ipv6.ts';
import { parseMac } from '../../addr/mac.ts';
import { LINKTYPE_ETHERNET } from '../link-types.ts';
import {
  always,
  and,
  type Condition,
  Graph,
  type Load,
  layOut,
  loadAt,
  never,
  not,
  or,
  simplify,
  TESTS,
} from './graph.ts';
import { LinkLayer, masked } from './link.ts';
import { ETHER_TYPES, IP_PROTOCOLS, LLC_SAPS, SERVICES } from './names.ts';
import { lengthTest, type NumberContext, relation } from './numbers.ts';
import { numberOf, parseFilter } from './parser.ts';
import {
  ANCILLARY_PKTTYPE,
  B,
  H,
  IND,
  type Instruction,
  LD,
  LDX,
  MSH,
  type Program,
  programFault,
  W,
} from './program.ts';
import { type Direction, type Expression, FilterError, type Id, type Span } from './syntax.ts';

export interface FilterOptions {
  /** LINKTYPE_ number of the packets; Ethernet when left out. */
  readonly linkType?: number | undefined;
  /**
   * For a packet socket of this machine: outer VLAN tags and the packet's direction are asked of Linux, which keeps
   * them beside the packet. Such a program is for SO_ATTACH_FILTER, not for files.
   */
  readonly live?: boolean | undefined;
  /** The network's mask, for `ip broadcast`: `255.255.255.0`. */
  readonly netmask?: string | undefined;
  /** Ports by name, besides the common ones: getservbyname(3). */
  readonly services?: ((name: string) => number | undefined) | undefined;
  /** Addresses by name, IPv4 or IPv6 texts: none when left out. */
  readonly hosts?: ((name: string) => readonly string[]) | undefined;
}

export interface Filter {
  readonly expression: string;
  readonly linkType: number;
  readonly program: Program;
  /** The part of the expression behind each instruction. */
  readonly spans: readonly (Span | undefined)[];
}

/**
 * Compile an expression.
 * @throws FilterError with the place in the expression; RangeError for a link type that filters do not know
 * @example
 * ```ts
 * import { compileFilter, formatProgram } from 'barewire/capture';
 * const { program } = compileFilter('tcp port 80');
 * console.log(formatProgram(program).split('\n')[0]); // (000) ldh      [12]
 * ```
 */
export function compileFilter(expression: string, options: FilterOptions = {}): Filter {
  const { linkType = LINKTYPE_ETHERNET } = options;
  const tree = parseFilter(expression);
  const compiler = new Compiler(expression, linkType, options);
  const root = tree === undefined ? true : simplify(compiler.graph, compiler.condition(tree)(true, false));
  const { program, spans } = layOut(root);
  const fault = programFault(program);
  if (fault !== undefined)
    throw new FilterError(`too large: ${fault}`, expression, { start: 0, end: expression.length });
  return { expression, linkType, program, spans };
}

const TRANSPORTS = ['tcp', 'udp', 'sctp'] as const;
const IPPROTO_FRAGMENT = 44;
const IPV6_HEADER = 40;
const MOST_PORT = 65_535;
const PACKET_OUTGOING = 4;
const BROADCAST = new Uint8Array(6).fill(0xff);

class Compiler implements NumberContext {
  readonly graph: Graph = new Graph();
  readonly expression: string;
  readonly link: LinkLayer;
  readonly #options: FilterOptions;

  constructor(expression: string, linkType: number, options: FilterOptions) {
    this.expression = expression;
    this.#options = options;
    this.link = new LinkLayer(this.graph, linkType, { isLive: options.live ?? false });
  }

  // The left side first: `vlan and …` moves what follows it.
  condition(tree: Expression): Condition {
    switch (tree.kind) {
      case 'and': {
        const left = this.condition(tree.left);
        return and(left, this.condition(tree.right));
      }
      case 'or': {
        const left = this.condition(tree.left);
        return or(left, this.condition(tree.right));
      }
      case 'not':
        return not(this.condition(tree.operand));
      case 'relation':
        return relation(tree, this);
      case 'protocol':
        return this.protocol(tree.name, tree.span);
      case 'keyword':
        return this.#keyword(tree);
      case 'id':
        return this.#id(tree);
    }
  }

  #error(message: string, span: Span): FilterError {
    return new FilterError(message, this.expression, span);
  }

  // ---------------------------------------------------------------- protocols

  protocol(name: string, span: Span): Condition {
    if (name === 'ether' || name === 'link') return always;
    const etherType = ETHER_TYPES.get(name);
    if (etherType !== undefined) return this.link.etherType(etherType, span);
    const sap = LLC_SAPS.get(name);
    if (sap !== undefined) return this.link.sap(sap, span);
    const { number, over } = IP_PROTOCOLS.get(name) as { number: number; over: readonly ('ip' | 'ip6')[] };
    // IPv6 first, as tcpdump asks: it makes no difference to the answer.
    const ways = [over.includes('ip6') ? this.#ip6Protocol(number, span) : never];
    if (over.includes('ip')) ways.push(this.#ipProtocol(number, span));
    return or(...ways);
  }

  #ipProtocol(number: number, span: Span): Condition {
    return and(this.link.ip(span), this.#is(loadAt(B, this.link.networkAt + 9), number, span));
  }

  /** The header itself, or the one behind a fragment header. */
  #ip6Protocol(number: number, span: Span): Condition {
    const next = loadAt(B, this.link.networkAt + 6);
    const behind = loadAt(B, this.link.networkAt + IPV6_HEADER);
    return and(
      this.link.ip6(span),
      or(this.#is(next, number, span), and(this.#is(next, IPPROTO_FRAGMENT, span), this.#is(behind, number, span))),
    );
  }

  firstFragmentOf(protocol: number, span: Span): Condition {
    return and(this.#ipProtocol(protocol, span), this.#isFirstFragment(span));
  }

  #isFirstFragment(span: Span): Condition {
    return not(this.graph.test(loadAt(H, this.link.networkAt + 6), TESTS.bits, 0x1fff, span));
  }

  #is(load: Load, value: number, span: Span): Condition {
    return this.graph.test(load, TESTS.equal, value, span);
  }

  // ---------------------------------------------------------------- keywords

  #keyword({ name, protocol, value, span }: Extract<Expression, { readonly kind: 'keyword' }>): Condition {
    if (name === 'broadcast' || name === 'multicast') return this.#cast(name, protocol, span);
    if (protocol !== undefined) throw this.#error(`expected '${name}' without '${protocol}' before it`, span);
    if (name === 'less' || name === 'greater') return lengthTest(this.graph, name, value as number, span);
    if (name === 'inbound' || name === 'outbound') return this.#direction(name, span);
    const condition = this.#encapsulation(name, value, span);
    if (condition === undefined) throw this.#error(`'${name}' is not possible with this link type`, span);
    return condition;
  }

  #encapsulation(name: string, value: number | undefined, span: Span): Condition | undefined {
    if (name === 'vlan') return this.link.vlan(this.#atMost(value, 0x0fff, 'VLAN id', span), span);
    if (name === 'mpls') return this.link.mpls(this.#atMost(value, 0xf_ffff, 'MPLS label', span), span);
    if (name === 'pppoed') return this.link.pppoeDiscovery(span);
    return this.link.pppoeSession(this.#atMost(value, 0xffff, 'PPPoE session', span), span);
  }

  #atMost(value: number | undefined, most: number, what: string, span: Span): number | undefined {
    if (value !== undefined && value > most) {
      throw this.#error(`${what}: expected a number from 0 to ${most}, got ${value}`, span);
    }
    return value;
  }

  #cast(name: 'broadcast' | 'multicast', protocol: string | undefined, span: Span): Condition {
    const { link, graph } = this;
    const at = link.networkAt;
    if (protocol === undefined || protocol === 'ether' || protocol === 'link') {
      if (!link.isEthernet) throw this.#error(`'${name}' needs Ethernet addresses`, span);
      if (name === 'multicast') return graph.test(loadAt(B, 0), TESTS.bits, 1, span);
      return link.hardwareAddress('dst', BROADCAST, span) as Condition;
    }
    if (name === 'multicast' && protocol === 'ip') {
      return and(link.ip(span), graph.test(loadAt(B, at + 16), TESTS.greaterOrEqual, 224, span));
    }
    if (name === 'multicast' && protocol === 'ip6') return and(link.ip6(span), this.#is(loadAt(B, at + 24), 255, span));
    if (protocol !== 'ip') throw this.#error(`'${protocol} ${name}' does not exist`, span);
    const mask = parseIpv4(this.#options.netmask ?? '');
    if (mask === null) throw this.#error("'ip broadcast' needs the network's mask (option netmask)", span);
    const host = masked(loadAt(W, at + 16), ~mask >>> 0);
    return and(link.ip(span), or(this.#is(host, 0, span), this.#is(host, ~mask >>> 0, span)));
  }

  #direction(name: 'inbound' | 'outbound', span: Span): Condition {
    const isOutgoing = this.#options.live
      ? this.#is(loadAt(B, ANCILLARY_PKTTYPE), PACKET_OUTGOING, span)
      : this.link.packetType(PACKET_OUTGOING, span);
    if (isOutgoing === undefined) throw this.#error(`'${name}' is not in the packets of this link type`, span);
    return name === 'outbound' ? isOutgoing : not(isOutgoing);
  }

  // ---------------------------------------------------------------- ids

  #id({ qualifiers, id, span }: Extract<Expression, { readonly kind: 'id' }>): Condition {
    const { protocol, direction = 'src or dst', type = 'host' } = qualifiers;
    if (type !== 'net' && (id.prefix !== undefined || id.mask !== undefined)) {
      if (type !== 'host' || id.mask !== undefined) throw this.#error(`a mask belongs to 'net'`, span);
    }
    switch (type) {
      case 'host':
        return this.#host(protocol, direction, id, span);
      case 'net':
        return this.#net(protocol, direction, id, span);
      case 'port':
      case 'portrange':
        return this.#port(protocol, direction, this.#ports(type, id, protocol, span), span);
      case 'proto':
        return this.#proto(protocol, id, span);
    }
  }

  #proto(protocol: string | undefined, id: Id, span: Span): Condition {
    const number = numberOf(id.text);
    if (protocol === 'ether' || protocol === 'link') {
      const sap = LLC_SAPS.get(id.text);
      if (sap !== undefined) return this.link.sap(sap, span);
      const type = number ?? ETHER_TYPES.get(id.text);
      if (type === undefined) throw this.#error(`expected an EtherType, got '${id.text}'`, span);
      return this.link.etherType(type, span);
    }
    const ip = number ?? IP_PROTOCOLS.get(id.text)?.number;
    if (ip === undefined || ip > 255) throw this.#error(`expected an IP protocol, got '${id.text}'`, span);
    if (protocol === 'ip') return this.#ipProtocol(ip, span);
    if (protocol === 'ip6') return this.#ip6Protocol(ip, span);
    if (protocol !== undefined) throw this.#error(`'${protocol} proto' does not exist`, span);
    return or(this.#ipProtocol(ip, span), this.#ip6Protocol(ip, span));
  }

  // ---------------------------------------------------------------- addresses

  #host(protocol: string | undefined, direction: Direction, id: Id, span: Span): Condition {
    if (id.prefix !== undefined) return this.#net(protocol, direction, id, span);
    if (protocol === 'ether' || protocol === 'link') return this.#hardware(direction, id, span);
    const v4 = parseIpv4(id.text);
    if (v4 !== null) return this.#address4(protocol, direction, v4, 0xffff_ffff, span);
    const v6 = parseIpv6(id.text);
    if (v6 !== null) return this.#address6(protocol, direction, v6, 128, span);
    if (parseMac(id.text) !== null) throw this.#error("a hardware address needs 'ether' before 'host'", span);
    const addresses = this.#options.hosts?.(id.text) ?? [];
    if (addresses.length === 0)
      throw this.#error(`expected an address, got '${id.text}' (names are not looked up)`, span);
    return or(...addresses.map((text) => this.#host(protocol, direction, { ...id, text }, span)));
  }

  #hardware(direction: Direction, id: Id, span: Span): Condition {
    const mac = parseMac(id.text);
    if (mac === null) throw this.#error(`expected a hardware address, got '${id.text}'`, span);
    const one = (which: 'src' | 'dst'): Condition => {
      const condition = this.link.hardwareAddress(which, mac, span);
      if (condition === undefined) throw this.#error(`no ${which} hardware address with this link type`, span);
      return condition;
    };
    return both(direction, one);
  }

  #net(protocol: string | undefined, direction: Direction, id: Id, span: Span): Condition {
    if (id.text.includes(':')) {
      const address = parseIpv6(id.text);
      const prefix = id.prefix ?? 128;
      if (address === null || prefix > 128) throw this.#error(`expected an IPv6 network, got '${id.text}'`, span);
      return this.#address6(protocol, direction, address, prefix, span);
    }
    const network = networkNumber(id.text);
    if (network === undefined) throw this.#error(`expected a network, got '${id.text}'`, span);
    const mask = this.#mask(id, network.bits, span);
    if ((network.value & ~mask) !== 0) {
      throw this.#error(`expected a network, got one with bits outside its mask`, span);
    }
    return this.#address4(protocol, direction, network.value, mask, span);
  }

  #mask({ prefix, mask }: Id, bits: number, span: Span): number {
    if (mask !== undefined) {
      const value = parseIpv4(mask);
      if (value === null) throw this.#error(`expected a mask, got '${mask}'`, span);
      return value;
    }
    const length = prefix ?? bits;
    if (length > 32) throw this.#error(`prefix length: expected 0 to 32, got ${length}`, span);
    return length === 0 ? 0 : (-1 << (32 - length)) >>> 0;
  }

  #address4(protocol: string | undefined, direction: Direction, value: number, mask: number, span: Span): Condition {
    const at = this.link.networkAt;
    const pair = (source: number, target: number): Condition =>
      both(direction, (which) =>
        mask === 0 ? always : this.#is(masked(loadAt(W, at + (which === 'src' ? source : target)), mask), value, span),
      );
    const ip = and(this.link.ip(span), pair(12, 16));
    const arp = (name: string): Condition => and(this.protocol(name, span), pair(14, 24));
    if (protocol === undefined) return or(ip, arp('arp'), arp('rarp'));
    if (protocol === 'ip') return ip;
    if (protocol === 'arp' || protocol === 'rarp') return arp(protocol);
    throw this.#error(`'${protocol}' has no IPv4 addresses of its own; write '${protocol} and host …'`, span);
  }

  #address6(
    protocol: string | undefined,
    direction: Direction,
    value: Uint8Array,
    prefix: number,
    span: Span,
  ): Condition {
    if (protocol !== undefined && protocol !== 'ip6') {
      throw this.#error(`'${protocol}' has no IPv6 addresses of its own; write '${protocol} and host …'`, span);
    }
    const view = new DataView(value.buffer, value.byteOffset, 16);
    const one = (which: 'src' | 'dst'): Condition => {
      const at = this.link.networkAt + (which === 'src' ? 8 : 24);
      const words: Condition[] = [];
      for (let i = 0; i < 4 && prefix > i * 32; i++) {
        const bits = Math.min(32, prefix - i * 32);
        const mask = (-1 << (32 - bits)) >>> 0;
        const word = view.getUint32(i * 4);
        if ((word & ~mask) !== 0) throw this.#error('expected a network, got one with bits outside its mask', span);
        words.push(this.#is(masked(loadAt(W, at + i * 4), mask), word, span));
      }
      return and(...words);
    };
    return and(this.link.ip6(span), both(direction, one));
  }

  // ---------------------------------------------------------------- ports

  #ports(type: 'port' | 'portrange', id: Id, protocol: string | undefined, span: Span): readonly [number, number] {
    if (protocol !== undefined && !(TRANSPORTS as readonly string[]).includes(protocol)) {
      throw this.#error(`'${protocol}' has no ports`, span);
    }
    const parts = type === 'portrange' ? rangeParts(id.text) : [id.text, id.text];
    const [first, last] = parts.map((text) => this.#portNumber(text, span)) as [number, number];
    return first <= last ? [first, last] : [last, first];
  }

  #portNumber(text: string, span: Span): number {
    const port = numberOf(text) ?? SERVICES.get(text) ?? this.#options.services?.(text);
    if (port === undefined) throw this.#error(`expected a port, got '${text}'`, span);
    if (port > MOST_PORT) throw this.#error(`expected a port from 0 to ${MOST_PORT}, got ${port}`, span);
    return port;
  }

  #port(protocol: string | undefined, direction: Direction, ports: readonly [number, number], span: Span): Condition {
    const { link } = this;
    const at = link.networkAt;
    const names = protocol === undefined ? TRANSPORTS : [protocol];
    const isTransport = (load: Load): Condition =>
      or(...names.map((name) => this.#is(load, (IP_PROTOCOLS.get(name) as { number: number }).number, span)));
    const v6 = and(
      link.ip6(span),
      isTransport(loadAt(B, at + 6)),
      both(direction, (which) => this.#inRange(loadAt(H, at + IPV6_HEADER + (which === 'src' ? 0 : 2)), ports, span)),
    );
    const v4 = and(
      link.ip(span),
      isTransport(loadAt(B, at + 9)),
      this.#isFirstFragment(span),
      both(direction, (which) => this.#inRange(transportLoad(at, which === 'src' ? 0 : 2), ports, span)),
    );
    return or(v6, v4);
  }

  #inRange(load: Load, [first, last]: readonly [number, number], span: Span): Condition {
    if (first === last) return this.#is(load, first, span);
    const isAbove = this.graph.test(load, TESTS.greater, last, span);
    return and(this.graph.test(load, TESTS.greaterOrEqual, first, span), not(isAbove));
  }
}

/** A half-word of the transport header behind an IPv4 header of any length. */
function transportLoad(networkAt: number, offset: number): Load {
  const headerLength: Instruction = { code: LDX + B + MSH, jt: 0, jf: 0, k: networkAt };
  return [headerLength, { code: LD + H + IND, jt: 0, jf: 0, k: networkAt + offset }];
}

function both(direction: Direction, one: (which: 'src' | 'dst') => Condition): Condition {
  if (direction === 'src' || direction === 'dst') return one(direction);
  return direction === 'src and dst' ? and(one('src'), one('dst')) : or(one('src'), one('dst'));
}

/** `80-90`; either end may be a name, which may have hyphens of its own. */
function rangeParts(text: string): string[] {
  for (let at = text.indexOf('-'); at > 0; at = text.indexOf('-', at + 1)) {
    const parts = [text.slice(0, at), text.slice(at + 1)];
    if (parts.every((part) => numberOf(part) !== undefined || SERVICES.has(part))) return parts;
  }
  return text.includes('-') ? text.split('-', 2) : [text, text];
}

/** `10` is 10.0.0.0/8 and `192.168` is 192.168.0.0/16: as many bytes as are written. */
function networkNumber(text: string): { value: number; bits: number } | undefined {
  const parts = text.split('.');
  if (parts.length > 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255)) return undefined;
  const bytes = [...parts.map(Number), 0, 0, 0].slice(0, 4) as [number, number, number, number];
  const value = ((bytes[0] << 24) | (bytes[1] << 16) | (bytes[2] << 8) | bytes[3]) >>> 0;
  return { value, bits: parts.length * 8 };
}
