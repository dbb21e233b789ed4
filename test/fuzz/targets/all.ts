/** Everything that takes bytes from outside. */
import type { Target } from '../target.ts';
import { captureTargets } from './captures.ts';
import { filterTargets } from './filters.ts';
import { flowTargets } from './flows.ts';
import { kernelTargets } from './kernel.ts';
import { messageTargets, packetTargets } from './packets.ts';
import { textTargets } from './texts.ts';

export const allTargets: readonly Target[] = [
  ...packetTargets,
  ...messageTargets,
  ...captureTargets,
  ...filterTargets,
  ...flowTargets,
  ...kernelTargets,
  ...textTargets,
];
