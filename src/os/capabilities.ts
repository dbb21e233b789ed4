/**
 * What this process may do with network namespaces, and the way to more: capabilities(7), user_namespaces(7).
 *
 * A network namespace needs CAP_SYS_ADMIN. Root has it; anybody else gets it inside a user namespace of their own, where
 * the kernel allows that. A process with threads, as Node is, cannot enter one itself (unshare(2) says EINVAL): it has
 * to be started in it, which is what `reexecInUserNamespace` does with unshare(1).
 */
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { constants as osConstants } from 'node:os';

const CAP_NET_ADMIN = 12n;
const CAP_NET_RAW = 13n;
const CAP_SYS_ADMIN = 21n;
const TUN_PATH = '/dev/net/tun';

/** Set for the process that runs inside the user namespace. */
export const IN_USERNS = 'BAREWIRE_IN_USERNS';

const ENTER = ['--user', '--map-root-user', '--net'] as const;

export type RefusedWhat = 'user namespace' | 'network namespace' | 'TUN' | 'veth';

/** This machine does not let us build a lab: what was refused, why, and what to do about it. */
export class LabRefused extends Error {
  override readonly name: string = 'LabRefused';
  readonly what: RefusedWhat;
  /** errno name, or `ENOENT` when unshare(1) is missing. */
  readonly code: string;
  /** One line: why. */
  readonly text: string;
  /** One line: what to do. */
  readonly hint: string;

  constructor(what: RefusedWhat, code: string, text: string, hint: string, cause?: unknown) {
    super(`${what}: ${code}: ${text}; ${hint}`, { cause });
    this.what = what;
    this.code = code;
    this.text = text;
    this.hint = hint;
  }
}

export interface Capabilities {
  readonly euid: number;
  /** CapEff of /proc/self/status; 0 where there is no such file. */
  readonly effective: bigint;
  /** CAP_SYS_ADMIN: network namespaces can be made here. */
  readonly canUnshareNet: boolean;
  readonly netAdmin: boolean;
  readonly netRaw: boolean;
  /** Running inside the namespace that `reexecInUserNamespace` made. */
  readonly inUserNamespace: boolean;
  /** What the settings say; only a try tells for certain (`tryUserNamespace`). */
  readonly userNamespace: { readonly allowed: boolean; readonly text: string; readonly hint: string };
  readonly tun: { readonly usable: boolean; readonly code?: string };
}

export function readCapabilities(): Capabilities {
  const effective = effectiveCapabilities(readText('/proc/self/status') ?? '');
  const has = (bit: bigint): boolean => ((effective >> bit) & 1n) === 1n;
  return {
    euid: process.geteuid?.() ?? -1,
    effective,
    canUnshareNet: has(CAP_SYS_ADMIN),
    netAdmin: has(CAP_NET_ADMIN),
    netRaw: has(CAP_NET_RAW),
    inUserNamespace: process.env[IN_USERNS] === '1',
    userNamespace: userNamespaceSettings(readSetting),
    tun: tunAccess(),
  };
}

/** The CapEff line of /proc/PID/status (proc(5)). */
export function effectiveCapabilities(statusText: string): bigint {
  const match = /^CapEff:\s*([0-9a-f]{1,16})$/m.exec(statusText);
  return match === null ? 0n : BigInt(`0x${match[1]!}`);
}

/** What the sysctls say about user namespaces of ordinary users; `read` gives a setting's text, by its dotted name. */
export function userNamespaceSettings(read: (name: string) => string | undefined): {
  allowed: boolean;
  text: string;
  hint: string;
} {
  const refused = (text: string, hint: string): { allowed: boolean; text: string; hint: string } => {
    return { allowed: false, text, hint };
  };
  if (read('user.max_user_namespaces') === '0') {
    return refused('user.max_user_namespaces is 0', 'set it with: sudo sysctl user.max_user_namespaces=15000');
  }
  if (read('kernel.unprivileged_userns_clone') === '0') {
    return refused(
      'kernel.unprivileged_userns_clone is 0',
      'set it with: sudo sysctl kernel.unprivileged_userns_clone=1',
    );
  }
  if (read('kernel.apparmor_restrict_unprivileged_userns') === '1') {
    return refused(
      'kernel.apparmor_restrict_unprivileged_userns is 1 (Ubuntu 23.10 and later)',
      'set it with: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0',
    );
  }
  return { allowed: true, text: 'no setting forbids user namespaces', hint: '' };
}

/**
 * Try what `reexecInUserNamespace` does, with a program that does nothing.
 * @returns null when it works
 */
export function tryUserNamespace(): LabRefused | null {
  const tried = spawnSync('unshare', [...ENTER, 'true'], { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
  if (tried.error !== undefined) {
    const code = (tried.error as NodeJS.ErrnoException).code ?? 'UNKNOWN';
    return code === 'ENOENT'
      ? new LabRefused(
          'user namespace',
          code,
          'the program unshare(1) is missing',
          'install util-linux, or run as root',
        )
      : new LabRefused('user namespace', code, tried.error.message, 'run as root');
  }
  if (tried.status === 0) return null;
  const said = tried.stderr.trim().split('\n')[0] ?? '';
  const settings = userNamespaceSettings(readSetting);
  const inContainer =
    'run as root; in a container allow user namespaces (docker run --security-opt seccomp=unconfined)';
  const text = said === '' ? `unshare ended with ${tried.signal ?? tried.status}` : said;
  return new LabRefused(
    'user namespace',
    codeOf(said),
    settings.allowed ? text : `${text} (${settings.text})`,
    settings.allowed ? inContainer : settings.hint,
  );
}

export interface ReexecOptions {
  /** Script and its arguments; those of this process when absent. */
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * When this process cannot make network namespaces, start its program again inside a user and network namespace of its
 * own, with the same terminal, and wait for it. The only network there is a loopback interface that is down.
 *
 * @returns null when there is no need (root, or inside already): go on here. Otherwise the exit code of the other
 *   process, 128 + n when signal n ended it: exit with it.
 * @throws LabRefused (rejects) when user namespaces are refused; a failure of the program itself is its exit code
 */
export async function reexecInUserNamespace(options: ReexecOptions = {}): Promise<number | null> {
  const { canUnshareNet, inUserNamespace } = readCapabilities();
  if (canUnshareNet || inUserNamespace) return null;
  const refused = tryUserNamespace();
  if (refused !== null) throw refused;
  const argv = options.argv ?? process.argv.slice(1);
  const env = { ...(options.env ?? process.env), [IN_USERNS]: '1' };
  // unshare(1) executes the program in its own place, so the child's process id is the program's.
  const child = spawn('unshare', [...ENTER, process.execPath, ...process.execArgv, ...argv], { stdio: 'inherit', env });
  const forward = (signal: NodeJS.Signals): void => {
    // Ctrl-C reaches every process of the terminal: sent again, the program would take it for a second Ctrl-C.
    if (signal === 'SIGINT' && process.stdin.isTTY) return;
    child.kill(signal);
  };
  process.on('SIGINT', forward);
  process.on('SIGTERM', forward);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        resolve(code ?? 128 + (signal === null ? 0 : osConstants.signals[signal]));
      });
    });
  } finally {
    process.off('SIGINT', forward);
    process.off('SIGTERM', forward);
  }
}

function tunAccess(): { usable: boolean; code?: string } {
  try {
    accessSync(TUN_PATH, constants.R_OK | constants.W_OK);
    return { usable: true };
  } catch (error) {
    return { usable: false, code: (error as NodeJS.ErrnoException).code ?? 'UNKNOWN' };
  }
}

function readSetting(name: string): string | undefined {
  return readText(`/proc/sys/${name.replaceAll('.', '/')}`)?.trim();
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** The errno behind the text that unshare(1) prints. */
function codeOf(text: string): string {
  if (text.includes('Operation not permitted')) return 'EPERM';
  if (text.includes('No space left on device')) return 'ENOSPC';
  if (text.includes('Permission denied')) return 'EACCES';
  if (text.includes('Invalid argument')) return 'EINVAL';
  return 'UNKNOWN';
}
