/** The conformance table: every group of cases, in the order in which it is printed. */
import type { Group } from './case.ts';
import { addressGroups } from './cases/addresses.ts';
import { bindGroups } from './cases/bind.ts';
import { creationGroups } from './cases/creation.ts';
import { streamStateGroups } from './cases/stream-states.ts';

export const groups: readonly Group[] = [...creationGroups, ...addressGroups, ...bindGroups, ...streamStateGroups];
