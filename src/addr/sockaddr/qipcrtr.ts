/** Qualcomm's IPC router: struct sockaddr_qrtr (linux/qrtr.h). Host byte order. */
import { readHostU32, writeHostU32 } from '../../core/bytes.ts';
import { checkU32, type FamilyCodec, parseU32, splitText } from './codec.ts';

export interface QipcrtrAddress {
  readonly family: 'qipcrtr';
  /** QRTR_NODE_BCAST 0xffffffff: every node. */
  readonly node: number;
  /** QRTR_PORT_CTRL 0xfffffffe: the name service. */
  readonly port: number;
}

export const qipcrtr: FamilyCodec<QipcrtrAddress> = {
  number: 42,
  bytes: 12,
  write(addr, into, offset) {
    writeHostU32(into, offset + 4, checkU32(addr.node, 'node'));
    writeHostU32(into, offset + 8, checkU32(addr.port, 'port'));
  },
  read(bytes, length, offset) {
    if (length < 12) return null;
    return { family: 'qipcrtr', node: readHostU32(bytes, offset + 4), port: readHostU32(bytes, offset + 8) };
  },
  parse(text) {
    const [node, port] = splitText(text, 'qipcrtr', ['NODE', 'PORT']) as [string, string];
    return { family: 'qipcrtr', node: parseU32(node, 'node'), port: parseU32(port, 'port') };
  },
  format: (addr) => `${addr.node}:${addr.port}`,
};
