/**
 * HTTPS over a socket of ours: TLS put round a connected socket, as Python's wrap_socket does.
 *
 * Shows: first connect, then TLS over the same socket with the server's name (SNI), then HTTP inside; the certificate
 * is checked against a list of authorities, so that a server that nobody vouches for is refused. Without arguments a
 * TLS server of Node's with a certificate made for the occasion is brought along.
 * Root: not needed. openssl(1) makes the certificate.
 * Run: npm run example -- 36, or npm run example -- 36 ADDRESS NAME [PORT]
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AF_INET, kernel, SOCK_STREAM } from 'barewire';
import { secure } from 'barewire/node';

const [, , address = '127.0.0.1', name = 'localhost', givenPort] = process.argv;
const own = process.argv[2] === undefined ? await tlsServerOfOurs() : undefined;
const target = `${address}:${own?.port ?? givenPort ?? 443}`;

if (own !== undefined) {
  try {
    await get([]);
  } catch (error) {
    console.log(`nobody vouches for the certificate: ${(error as NodeJS.ErrnoException).code}`);
  }
}
const { first, protocol, cipher } = await get(own === undefined ? undefined : [own.certificate]);
console.log(`${first} over ${protocol}, ${cipher}`);
own?.close();

/** @param ca the authorities to trust; those of Node when left out, as in Python's create_default_context() */
async function get(ca: string[] | undefined): Promise<{ first: string; protocol: string | null; cipher: string }> {
  const socket = kernel.socket(AF_INET, SOCK_STREAM);
  await socket.connect(target, { timeoutMs: 5000 });
  const tls = secure(socket, { servername: name, ...(ca === undefined ? {} : { ca }) });
  tls.end(`GET / HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`);
  await once(tls, 'secureConnect'); // the handshake, and the certificate is good
  const agreed = { protocol: tls.getProtocol(), cipher: tls.getCipher().name };
  let answer = '';
  for await (const chunk of tls) answer += String(chunk);
  return { first: answer.split('\r\n')[0] ?? '', ...agreed };
}

async function tlsServerOfOurs(): Promise<{ port: number; certificate: string; close: () => void }> {
  const folder = mkdtempSync(join(tmpdir(), 'barewire-lesson-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '1'];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  try {
    execFileSync('openssl', ['req', '-x509', ...curve, '-keyout', key, '-out', cert, ...subject], { stdio: 'pipe' });
  } catch (error) {
    rmSync(folder, { recursive: true });
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    console.error('openssl(1) is missing: it makes the certificate. Or give a server: ADDRESS NAME [PORT]');
    process.exit(77);
  }
  const certificate = readFileSync(cert, 'utf8');
  const server = createServer({ key: readFileSync(key), cert: certificate }, (_, response) => response.end('hello\n'));
  rmSync(folder, { recursive: true });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, certificate, close: () => server.close() };
}
