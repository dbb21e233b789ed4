import { defaultServerConditions } from 'vite';
import { defineConfig } from 'vitest/config';

// `import 'barewire/wire'` resolves to src/wire/index.ts, so that tests need no build.
const conditions = ['barewire-source', ...defaultServerConditions];

const shared = {
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  // Node 20 does not parse `using`.
  oxc: { target: 'es2022' },
} as const;

export default defineConfig({
  test: {
    // Kernel tests share one loopback and two cores; more workers only make timings worse.
    maxWorkers: 2,
    projects: [
      {
        ...shared,
        test: {
          // Pure functions on bytes: one module graph for all files is several times faster, and nothing leaks.
          name: 'portable',
          pool: 'threads',
          isolate: false,
          testTimeout: 30_000,
          hookTimeout: 30_000,
          include: ['src/{core,addr,wire,capture,flow,socket,trace,link,stack}/**/*.test.ts', 'test/fuzz/**/*.test.ts'],
        },
      },
      {
        ...shared,
        test: {
          // Descriptors, signals and namespaces belong to a process, so each file gets its own.
          name: 'node',
          pool: 'forks',
          // A shared machine can stall for seconds: once more, and said aloud at the end of the run.
          retry: process.env.CI === undefined ? 0 : 1,
          testTimeout: 30_000,
          hookTimeout: 30_000,
          include: ['src/{os,node,netlink,cli,tools}/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: ['test/fuzz/**', '**/node_modules/**'],
        },
      },
    ],
  },
});
