/** The hosts that the conformance suite runs on: every suite here must give the same on each. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Rtnetlink } from '../../src/netlink/index.ts';
import { kernel } from '../../src/os/kernel.ts';
import { NetworkNamespace } from '../../src/os/namespace.ts';
import type { Host } from '../../src/socket/host.ts';
import {
  AF_INET,
  AF_INET6,
  IPPROTO_RAW,
  observeHost,
  SOCK_RAW,
  SOCK_STREAM,
  SocketError,
} from '../../src/socket/index.ts';
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

const files = temporaryFiles();

/** The hosts that every suite runs on. */
export const hosts: readonly TestHost[] = [{ name: 'kernel', host: kernel, files, lacks: () => lacksOf(kernel) }];

/** Calls that began and have not ended: an observer must be told of both, whatever the call does. */
export const openCalls = new Map<number, string>();
let token = 0;

const observed = observeHost(kernel, {
  enter: ({ name }) => {
    openCalls.set(++token, name);
    return token;
  },
  exit: (given) => {
    if (!openCalls.delete(given)) throw new Error(`a call ended twice, or never began: ${given}`);
  },
});

/** The hosts of the table: sockets that are observed must behave as those that are not. */
export const tableHosts: readonly TestHost[] = [
  ...hosts,
  { name: 'observed', host: observed, files, lacks: () => lacksOf(observed) },
];

/** A network namespace of its own, its loopback up, as one more host; close it afterwards. */
export function namespaceHost(): TestHost & { readonly host: NetworkNamespace } {
  const host = NetworkNamespace.create('namespace');
  using route = new Rtnetlink(host);
  route.setLink(LOOPBACK, { up: true });
  return { name: 'namespace', host, files, lacks: () => lacksOf(host) };
}

/** The loopback interface has this number in every namespace. */
const LOOPBACK = 1;

function lacksOf(host: Host): ReadonlyMap<Need, string> {
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
  if (!lacks.has('raw'))
    lacks.set('unprivileged', 'this process has privileges over the network (try as an ordinary user)');
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
