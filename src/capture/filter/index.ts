/** The filter language of pcap-filter(7), compiled to classic BPF, run, listed and explained. */
export * from './compile.ts';
export * from './explain.ts';
export { interpreter, type PacketFilter, type Step } from './interpret.ts';
export { compiled, packetFilter } from './javascript.ts';
export { formatInstruction, formatProgram, type Instruction, type Program, programFault } from './program.ts';
export { FilterError, type Span } from './syntax.ts';
