/** Filter texts and filter programs: what is compiled runs the same in both ways that there are. */
import {
  compiled,
  compileFilter,
  FilterError,
  formatProgram,
  type Instruction,
  interpreter,
  type Program,
  programFault,
} from '../../../src/capture/index.ts';
import { fromHex, fromUtf8, readU16, readU32, utf8 } from '../../../src/core/index.ts';
import { allVectors } from '../../vectors/all.ts';
import { hold, type Target } from '../target.ts';

const EXPRESSIONS = [
  'tcp port 80 or udp portrange 53-69',
  'tcp[tcpflags] & (tcp-syn|tcp-fin) != 0 and not host 10.0.0.1',
  'ip6 and (icmp6 or net 2001:db8::/32)',
  'vlan 3 && ether src 02:00:00:00:00:01 and not arp',
  'len - 14 > 3 * ip[0:1] % 7 and greater 60',
  'icmp[icmptype] == icmp-echo or pppoes',
];
const packets = allVectors.filter(({ linkType }) => linkType === 'ethernet').map(({ hex }) => fromHex(hex));

/** struct sock_filter, in network order. */
function toProgram(bytes: Uint8Array): Program {
  const program: Instruction[] = [];
  for (let at = 0; at + 8 <= bytes.length; at += 8) {
    program.push({ code: readU16(bytes, at), jt: bytes[at + 2]!, jf: bytes[at + 3]!, k: readU32(bytes, at + 4) });
  }
  return program;
}

function toBytes(program: Program): Uint8Array {
  return Uint8Array.from(
    program.flatMap(({ code, jt, jf, k }) => [code >>> 8, code, jt, jf, k >>> 24, k >>> 16, k >>> 8, k]),
  );
}

export const filterTargets: readonly Target[] = [
  {
    name: 'capture/filter-text',
    seeds: EXPRESSIONS.map(utf8),
    run: (bytes) => {
      const text = fromUtf8(bytes);
      try {
        const { program } = compileFilter(text);
        return `${program.length} ${checkProgram(program)}`;
      } catch (error) {
        if (!(error instanceof FilterError)) throw error;
        const { start, end } = error.span;
        hold(start >= 0 && start <= end && end <= text.length, `the fault is at ${start} … ${end} of ${text.length}`);
        return error.message.replaceAll(/'.*'|\d+/gs, '#').slice(0, 60);
      }
    },
  },
  {
    name: 'capture/filter-program',
    seeds: EXPRESSIONS.map((text) => toBytes(compileFilter(text).program)),
    run: (bytes) => {
      const program = toProgram(bytes);
      formatProgram(program);
      const fault = programFault(program);
      return fault === undefined ? checkProgram(program) : fault.replaceAll(/\d+/g, '#');
    },
  },
];

function checkProgram(program: Program): string {
  const run = [interpreter(program), compiled(program)] as const;
  let verdicts = '';
  for (const packet of packets.slice(0, 24)) {
    const [interpreted, asCode] = run.map((filter) => filter(packet, packet.length + 8)) as [number, number];
    hold(interpreted === asCode, `interpreted ${interpreted}, as JavaScript ${asCode}: ${formatProgram(program)}`);
    verdicts += interpreted > 0 ? '1' : '0';
  }
  return verdicts;
}
