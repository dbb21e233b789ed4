/**
 * What one command line must do: its exit code, what it prints, and, where the tool that people know is installed, that
 * it does the same. Commands run on hosts of test/support/topology.ts.
 */
import type { NetworkNamespace } from '../../src/os/namespace.ts';
import type { HostName } from '../support/topology.ts';

export interface Case {
  /** `ping`, for choosing. */
  readonly tool: string;
  /** The row in words: `ping behind a prohibit route`. */
  readonly name: string;
  /** Behind `barewire`. */
  readonly args: readonly string[];
  /** The command of the tool that people know. Where it is not installed, only ours runs. */
  readonly original?: readonly string[];
  /** Where they run; the client when left out. */
  readonly host?: HostName;
  /** `nobody` has no capabilities; that is who runs it when left out. */
  readonly user?: 'root' | 'nobody';
  readonly exit: number;
  /** Of the original, where ours is another on purpose. */
  readonly originalExit?: number;
  /** Ours: one for each line of stdout; the last may be REST. */
  readonly stdout?: readonly (string | RegExp)[];
  /** Ours: one for each line of stderr. */
  readonly stderr?: readonly (string | RegExp)[];
  /** Lines of both must be the same once `shape` has taken the figures out of them. */
  readonly same?: 'stdout' | 'stderr' | 'both';
  /** Besides figures, what may differ: applied to both outputs before they are compared. */
  readonly blur?: (text: string) => string;
  /** Bytes for stdin, which is closed behind them; without it stdin is empty. */
  readonly input?: string;
  /** Sent once the output holds `after`. */
  readonly signals?: readonly { readonly signal: NodeJS.Signals; readonly after: RegExp }[];
  /** Below /proc/sys/net of that host, while the case runs. */
  readonly sysctls?: Readonly<Record<string, string>>;
  /** What must stand ready: `['server', ['nc', '-l', '8080']]`. Ended with the case. `{barewire}` is our command. */
  readonly peers?: readonly Peer[];
  /** Set something up; what it returns is closed after the case. */
  readonly prepare?: (hosts: Readonly<Record<HostName, NetworkNamespace>>) => Disposable | Promise<Disposable>;
  readonly timeoutMs?: number;
}

export interface Peer {
  readonly host: HostName;
  readonly command: readonly string[];
  /** Ready when it listens on this TCP port of its host, */
  readonly listens?: number;
  /** or when it printed this. */
  readonly prints?: RegExp;
  readonly input?: string;
}

/** More lines may follow. */
export const REST = '…';

/** What a command did. */
export interface Outcome {
  readonly command: readonly string[];
  readonly exit: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Verdict {
  readonly case: Case;
  readonly ours: Outcome;
  /** Absent where the case names none, or it is not installed. */
  readonly original?: Outcome;
  /** Why there is no original although the case names one. */
  readonly missing?: string;
  /** What was not as expected: `exit: expected 1, got 2`. Empty: passed. */
  readonly faults: readonly string[];
}
