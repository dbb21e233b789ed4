/** What all forms of the ladder share: what is asked of them, colours, marks. */
import type { Source } from '../../trace/event.ts';
import type { Style } from '../terminal.ts';
import type { PacketKind } from './glyphs.ts';

export interface LadderOptions {
  /** Columns that a line may fill. */
  readonly width: number;
  /** Box drawing; ASCII otherwise. */
  readonly unicode: boolean;
  readonly colour: boolean;
  /** Sequence numbers as they are on the wire. */
  readonly absolute?: boolean;
}

/** Colour of a packet; its line and its name say the same without. */
export const KIND_STYLE: Readonly<Record<PacketKind, Style>> = {
  syn: 'blue',
  data: 'green',
  fin: 'orange',
  rst: 'red',
  ack: 'plain',
  other: 'cyan',
};

/** Stands before a state that was not seen. */
export const SOURCE_MARK: Readonly<Record<Source, string>> = { observed: '', inferred: '~', simulated: '*' };
