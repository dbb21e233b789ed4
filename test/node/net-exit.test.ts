/** What keeps a process alive on `node:net` does so on `barewire/net`, and nothing else. */
import { expect, test } from 'vitest';
import { runModule } from '../support/run-module.ts';

// What keeps a process alive, and what does not: each program ends by itself, or is ended after half a second.
const programs: readonly (readonly [name: string, program: string, ends: boolean])[] = [
  ['a listening server', 'net.createServer().listen(0)', false],
  ['a server that is unrefed', 'net.createServer().listen(0).unref()', true],
  ['a server unrefed before it listens', 'net.createServer().unref().listen(0)', true],
  ['a closed server', 'const s = net.createServer().listen(0, () => s.close())', true],
  ['an open connection', 'const s = net.createServer().listen(0, () => net.connect(s.address().port)).unref()', false],
  [
    'connections that are unrefed',
    'const s = net.createServer((c) => c.unref()).listen(0, () => net.connect(s.address().port).unref()).unref()',
    true,
  ],
  ['a socket that never connects', 'new net.Socket()', true],
  [
    'paused connections',
    `const s = net.createServer({ pauseOnConnect: true }).listen(0, () => {
      const c = net.connect(s.address().port, () => { c.pause(); s.unref(); c.unref(); });
    })`,
    true,
  ],
  [
    'an idle timeout',
    'const s = net.createServer().listen(0, () => net.connect(s.address().port).setTimeout(5e4).unref()).unref()',
    false,
  ],
];

test.each(programs)('%s', async (_, program, ends) => {
  const run = async (from: string): Promise<boolean> => {
    const source = `import net from '${from}';
      setTimeout(() => { console.log('ended by the timer'); process.exit(); }, 500).unref();
      // A timer that is unrefed does not fire in a process that has ended by itself.
      ${program};`;
    return (await runModule(source)) === '';
  };
  expect(await Promise.all([run('node:net'), run('barewire/net')])).toEqual([ends, ends]);
});
