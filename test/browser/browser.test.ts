/**
 * The portable rooms run in a real browser: a page built by a bundler from the published modules does in Chromium what
 * Node does here, under a policy that forbids to make code of text.
 */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeReport, type Report } from './report.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);

/** Scripts of this origin, styles of none, nothing inline, no `eval`, no connection. */
const POLICY = "default-src 'none'; script-src 'self'";

let server: Server;
let script: string;

/** As an application's bundler would: with the conditions of a browser, from what `npm run build` made. */
async function bundlePage(source: string): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    stdin: { contents: source, resolveDir: import.meta.dirname, loader: 'ts' },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    logLevel: 'error',
  });
  return outputFiles[0]!.text;
}

beforeAll(async () => {
  script = await bundlePage(`
    import { makeReport } from './report.ts';
    document.title = 'ready';
    globalThis.report = makeReport();
  `);
  server = createServer((request, response) => {
    response.setHeader('content-security-policy', POLICY);
    if (request.url === '/page.js') response.setHeader('content-type', 'text/javascript').end(script);
    else
      response
        .setHeader('content-type', 'text/html')
        .end('<!doctype html><script type="module" src="page.js"></script>');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
});

afterAll(() => server.close());

test('Chromium: every vector decodes, verifies and encodes as in Node, captures and filters too', async (context) => {
  if (executablePath === undefined) return context.skip('Chromium is not installed');
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
  try {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on('pageerror', ({ message }) => errors.push(message));
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const made = (await page.evaluate('globalThis.report')) as Report | undefined;
    expect(errors).toEqual([]);
    expect(made).toEqual({ ...makeReport(), filterKind: 'interpreted' });
    expect(made?.packets.length).toBeGreaterThan(100);
  } finally {
    await browser.close();
  }
});

test('no portable entry needs anything of Node', async () => {
  const rooms = ['addr', 'wire', 'capture', 'flow', 'trace', 'link', 'tools'];
  const source = rooms.map((room) => `export * as ${room} from 'barewire/${room}';`).join('\n');
  // A bundler for browsers fails on `node:` modules.
  await expect(bundlePage(source)).resolves.toContain('decodePacket');
});
