/**
 * A filter expression as the program of a packet socket (SO_ATTACH_FILTER, socket(7)): cut to the snap length, and for
 * cooked sockets moved to where their packets begin.
 */
import { ABS, ANCILLARY, ANCILLARY_PKTTYPE, IND, LD, LDX, LEN, MSH, RET } from '../../capture/filter/program.ts';
import { compileFilter, type Filter, type FilterOptions, type Program } from '../../capture/index.ts';
import { LINKTYPE_LINUX_SLL2 } from '../../capture/link-types.ts';

/** linux/filter.h: what the kernel knows of a packet besides its bytes. */
const ANCILLARY_PROTOCOL = ANCILLARY;
const ANCILLARY_IFINDEX = ANCILLARY + 8;

const CLASS = 0x07;
const MODE = 0xe0;

/** Where LINKTYPE_LINUX_SLL2 has what the kernel tells in another way. */
const SLL2_BYTES = 20;
const SLL2_FIELDS: ReadonlyMap<number, number> = new Map([
  [0, ANCILLARY_PROTOCOL],
  [4, ANCILLARY_IFINDEX],
  [10, ANCILLARY_PKTTYPE],
]);

export interface KernelFilter {
  /** For SO_ATTACH_FILTER. */
  readonly program: Program;
  /** The expression, when the kernel cannot decide it alone: to be asked of every packet again. */
  readonly again: Filter | undefined;
}

/**
 * @param expression pcap-filter(7); undefined: every packet
 * @throws FilterError with the place in the expression
 */
export function kernelFilter(
  expression: string | undefined,
  linkType: number,
  snapLen: number,
  options?: FilterOptions,
): KernelFilter {
  const all: Program = [{ code: RET, jt: 0, jf: 0, k: snapLen }];
  if (expression === undefined || expression.trim() === '') return { program: all, again: undefined };
  if (linkType !== LINKTYPE_LINUX_SLL2) {
    const { program } = compileFilter(expression, { ...options, linkType, live: true });
    return { program: cut(program, snapLen), again: undefined };
  }
  const filter = compileFilter(expression, { ...options, linkType });
  // The kernel keeps a VLAN tag beside the packet: only behind the header that is written here it stands in its place.
  const moved = /\bvlan\b/.test(expression) ? undefined : withoutCookedHeader(filter.program);
  if (moved === undefined) return { program: all, again: filter };
  return { program: cut(moved, snapLen), again: undefined };
}

function cut(program: Program, snapLen: number): Program {
  return program.map((one) => (one.code === RET ? { ...one, k: Math.min(one.k, snapLen) } : one));
}

/** The same for packets that begin behind the header. Undefined: it asks for something that is not there. */
function withoutCookedHeader(program: Program): Program | undefined {
  const moved: Program[number][] = [];
  for (const one of program) {
    const mode = one.code & MODE;
    const isLoad = (one.code & CLASS) === LD || (one.code & CLASS) === LDX;
    // The kernel counts the packet without the header.
    if (isLoad && mode === LEN) return undefined;
    if (!isLoad || (mode !== ABS && mode !== IND && mode !== MSH)) {
      moved.push(one);
      continue;
    }
    if (one.k >= SLL2_BYTES) {
      moved.push({ ...one, k: one.k - SLL2_BYTES });
      continue;
    }
    const field = mode === ABS ? SLL2_FIELDS.get(one.k) : undefined;
    if (field === undefined) return undefined;
    moved.push({ ...one, k: field });
  }
  return moved;
}
