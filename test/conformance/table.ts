/** The conformance table: every group of cases, in the order in which it is printed. */
import type { Group } from './case.ts';
import { addressGroups } from './cases/addresses.ts';
import { bindGroups } from './cases/bind.ts';
import { creationGroups } from './cases/creation.ts';
import { datagramDataGroups } from './cases/datagram-data.ts';
import { datagramStateGroups } from './cases/datagram-states.ts';
import { descriptorGroups } from './cases/descriptors.ts';
import { errorGroups } from './cases/errors.ts';
import { listeningGroups } from './cases/listening.ts';
import { optionGroups } from './cases/options.ts';
import { rawGroups } from './cases/raw.ts';
import { recordGroups } from './cases/records.ts';
import { streamDataGroups } from './cases/stream-data.ts';
import { streamStateGroups } from './cases/stream-states.ts';

export const groups: readonly Group[] = [
  ...creationGroups,
  ...addressGroups,
  ...bindGroups,
  ...streamStateGroups,
  ...datagramStateGroups,
  ...listeningGroups,
  ...streamDataGroups,
  ...datagramDataGroups,
  ...recordGroups,
  ...descriptorGroups,
  ...optionGroups,
  ...errorGroups,
  ...rawGroups,
];
