/** The hosts that the conformance suite runs on: every suite here must give the same on each. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kernel } from '../../src/os/kernel.ts';
import type { Host } from '../../src/socket/host.ts';
import { AF_INET, AF_INET6, IPPROTO_RAW, SOCK_RAW, SOCK_STREAM, SocketError } from '../../src/socket/index.ts';
import type { Need } from './case.ts';
import type { Files } from './interpreter.ts';

export interface TestHost {
  readonly name: string;
  readonly host: Host;
  /** Undefined where there is no file system for Unix sockets. */
  readonly files?: Files;
  /** What it is without, each with the reason that a skipped case gives. */
  readonly lacks?: () => ReadonlyMap<Need, string>;
}

export const hosts: readonly TestHost[] = [
  { name: 'kernel', host: kernel, files: temporaryFiles(), lacks: () => lacksOfKernel(kernel) },
];

function lacksOfKernel(host: Host): ReadonlyMap<Need, string> {
  const lacks = new Map<Need, string>();
  const probe = (need: Need, what: string, run: () => void): void => {
    try {
      run();
    } catch (error) {
      if (!(error instanceof SocketError)) throw error;
      lacks.set(need, `${what}: ${error.code}`);
    }
  };
  probe('inet6', 'binding to ::1', () => {
    using socket = host.socket(AF_INET6, SOCK_STREAM);
    socket.bind('[::1]:0');
  });
  probe('raw', 'raw sockets need CAP_NET_RAW (root, or unshare -Urn)', () => {
    host.socket(AF_INET, SOCK_RAW, IPPROTO_RAW).close();
  });
  return lacks;
}

/** A folder that goes with the process, made when first asked for. */
function temporaryFiles(): Files {
  let directory: string | undefined;
  return {
    get directory(): string {
      if (directory === undefined) {
        const made = mkdtempSync(join(tmpdir(), 'barewire-'));
        process.once('exit', () => rmSync(made, { recursive: true, force: true }));
        directory = made;
      }
      return directory;
    },
    unlink: (path) => rmSync(path, { force: true }),
  };
}
