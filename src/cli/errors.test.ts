/** Each error is one line that says what failed, why, and what to do; the exit code says who is at fault. */
import { expect, test } from 'vitest';
import { explain } from '../os/explain.ts';
import { kernel } from '../os/kernel.ts';
import { AF_INET, SOCK_STREAM } from '../socket/constants.ts';
import { SocketError } from '../socket/error.ts';
import { CommandError, ExitCode, errorMessage, exitCodeOf, UsageError } from './errors.ts';

const EACCES = 13;
const EADDRINUSE = 98;
const EADDRNOTAVAIL = 99;
const ECONNREFUSED = 111;

test.each([
  [
    new SocketError(EACCES, { syscall: 'bind', address: '0.0.0.0', port: 80 }),
    /^port 80 is below ip_unprivileged_port_start \(\d+\)\. Use 8080, or CAP_NET_BIND_SERVICE$/,
    2,
  ],
  [new SocketError(EADDRINUSE, { syscall: 'bind', address: '::1', port: 8080 }), /^\[::1\]:8080 is in use/, 2],
  [
    new SocketError(EADDRNOTAVAIL, { syscall: 'bind', address: '192.0.2.1', port: 1 }),
    /^192\.0\.2\.1 is not on this host; addresses: .*127\.0\.0\.1/,
    2,
  ],
  [
    new SocketError(ECONNREFUSED, { syscall: 'connect', address: '127.0.0.1', port: 9999 }),
    /^127\.0\.0\.1:9999 answered RST: host up, nothing listens on 9999/,
    1,
  ],
  [
    Object.assign(new Error('the addon is missing: run npm run build'), { code: 'ERR_BAREWIRE_NATIVE' }),
    /^the addon is missing: run npm run build$/,
    2,
  ],
  [Object.assign(new Error('x'), { code: 'EPERM', text: 'user namespaces are off', hint: 'run as root' }), /./, 2],
  [new CommandError('no', ExitCode.no), /^no$/, 1],
  [new UsageError('what?'), /^what\?$/, 2],
  ['not even an error', /^not even an error$/, 2],
] as const)('%s', (error, message, code) => {
  expect(errorMessage(error)).toMatch(message);
  expect(errorMessage(error)).not.toContain('\n');
  expect(exitCodeOf(error)).toBe(code);
});

test('a port in use: by whom', () => {
  using holder = kernel.socket(AF_INET, SOCK_STREAM);
  holder.bind('127.0.0.1:0');
  holder.listen();
  const { port } = holder.getsockname() as { port: number };
  const error = new SocketError(EADDRINUSE, { syscall: 'bind', address: '127.0.0.1', port });
  expect(errorMessage(error, explain)).toMatch(
    new RegExp(`^127\\.0\\.0\\.1:${port} is in use by \\S.* \\(pid ${process.pid}\\)\\. End it`),
  );
});
