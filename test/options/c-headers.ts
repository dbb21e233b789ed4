/** Asks the C compiler what it knows of names and structs: the numbers of the headers that are installed. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** glibc and the kernel each define most names; their headers cannot all be in one program. */
export const HEADER_SETS = {
  glibc: ['sys/socket.h', 'netinet/in.h', 'netinet/tcp.h', 'netinet/udp.h'],
  kernel: [
    'asm/socket.h',
    'linux/in.h',
    'linux/in6.h',
    'linux/ipv6.h',
    'linux/tcp.h',
    'linux/udp.h',
    'linux/if_ether.h',
    'linux/if_packet.h',
    'linux/netlink.h',
    'linux/vm_sockets.h',
    'linux/if_xdp.h',
    'linux/icmp.h',
    'linux/icmpv6.h',
    'linux/tls.h',
    'linux/net_tstamp.h',
    'linux/filter.h',
    'linux/netfilter_ipv4.h',
  ],
  // Includes glibc's.
  mptcp: ['linux/mptcp.h'],
} as const;

export function hasCompiler(): boolean {
  return spawnSync('cc', ['--version']).status === 0;
}

function program(headers: readonly string[], body: string): string {
  const includes = headers.map((header) => `#if __has_include(<${header}>)\n#include <${header}>\n#endif`).join('\n');
  return `#define _GNU_SOURCE\n#include <stdio.h>\n${includes}\nint main(void) {\n${body}\nreturn 0;\n}\n`;
}

function compile(folder: string, source: string): string {
  const file = join(folder, 'names.c');
  writeFileSync(file, source);
  const { stderr } = spawnSync('cc', ['-w', '-fmax-errors=0', '-o', join(folder, 'names'), file], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  return stderr;
}

/** The value of each C expression that the headers can say; others are left out. */
export function valuesOf(headers: readonly string[], expressions: readonly string[]): Map<string, number> {
  const folder = mkdtempSync(join(tmpdir(), 'barewire-headers-'));
  const print = (all: readonly string[]): string =>
    program(headers, all.map((one) => `printf("%s %lld\\n", "${one}", (long long)(${one}));`).join('\n'));
  try {
    // One error for each expression that is unknown, by its line: the next attempt leaves it out.
    const first = print(expressions);
    const offset = first.split('\n').findIndex((line) => line.startsWith('int main')) + 2;
    const unknown = new Set<string | undefined>();
    for (const [, line] of compile(folder, first).matchAll(/names\.c:(\d+):\d+: error/g)) {
      unknown.add(expressions[Number(line) - offset]);
    }
    const errors = compile(folder, print(expressions.filter((one) => !unknown.has(one))));
    if (errors !== '') throw new Error(errors);
    const output = execFileSync(join(folder, 'names'), { encoding: 'utf8' });
    return new Map(
      output
        .trimEnd()
        .split('\n')
        .map((line) => {
          const at = line.lastIndexOf(' ');
          return [line.slice(0, at), Number(line.slice(at + 1))];
        }),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
