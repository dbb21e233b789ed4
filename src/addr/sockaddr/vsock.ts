/** Virtual machines and their host: struct sockaddr_vm, vsock(7). Everything in host byte order. */
import { readHostU32, writeHostU32 } from '../../core/bytes.ts';
import { checkU8, checkU32, type FamilyCodec, parseU32, splitText } from './codec.ts';

const ANY = 0xffff_ffff;

export interface VsockAddress {
  readonly family: 'vsock';
  /** Who: VMADDR_CID_LOCAL 1 (loopback), VMADDR_CID_HOST 2, a machine's own number from 3, VMADDR_CID_ANY 0xffffffff. */
  readonly cid: number;
  /** 32 bits, not 16; VMADDR_PORT_ANY 0xffffffff lets the kernel choose. Below 1024 wants CAP_NET_BIND_SERVICE. */
  readonly port: number;
  /** VMADDR_FLAG_TO_HOST 1 (Linux 5.11); 0 is left out when decoding. */
  readonly flags?: number;
}

const text = (value: number): string => (value === ANY ? 'any' : String(value));
const parse = (part: string, name: string): number => (part === 'any' ? ANY : parseU32(part, name));

export const vsock: FamilyCodec<VsockAddress> = {
  number: 40,
  bytes: 16,
  write(addr, into, offset) {
    writeHostU32(into, offset + 4, checkU32(addr.port, 'port'));
    writeHostU32(into, offset + 8, checkU32(addr.cid, 'cid'));
    into[offset + 12] = checkU8(addr.flags ?? 0, 'flags');
  },
  read(bytes, length, offset) {
    if (length < 12) return null;
    const flags = length > 12 ? bytes[offset + 12]! : 0;
    const addr = {
      family: 'vsock',
      cid: readHostU32(bytes, offset + 8),
      port: readHostU32(bytes, offset + 4),
    } as const;
    return flags === 0 ? addr : { ...addr, flags };
  },
  parse(rest) {
    const [cid, port] = splitText(rest, 'vsock', ['CID', 'PORT']) as [string, string];
    return { family: 'vsock', cid: parse(cid, 'cid'), port: parse(port, 'port') };
  },
  format: (addr) => `${text(addr.cid)}:${text(addr.port)}`,
};
