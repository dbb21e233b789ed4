/** The hosts that the conformance suite runs on: every suite here must give the same on each. */
import { kernel } from '../../src/os/kernel.ts';
import type { Host } from '../../src/socket/host.ts';

export interface TestHost {
  readonly name: string;
  readonly host: Host;
}

export const hosts: readonly TestHost[] = [{ name: 'kernel', host: kernel }];
