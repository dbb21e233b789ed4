/** Scenarios of TLS on sockets of net: begun after connecting, before it, and in the middle of a conversation. */
import type * as NodeNet from 'node:net';
import { createServer as createTlsServer, TLSSocket, connect as tlsConnect } from 'node:tls';
import { type Certificate, makeCertificate } from '../../support/certificate.ts';
import { event, listening, type Net, type Scenario, type Tape } from './tape.ts';

let made: Certificate | undefined;

function certificate(): Certificate {
  if (made === undefined) {
    const fresh = makeCertificate();
    process.once('exit', () => fresh.remove());
    made = fresh;
  }
  return made;
}

/** Without the lines of a TLS socket's own that only its handle explains. */
function read(tape: Tape, track: string, socket: NodeNet.Socket): NodeNet.Socket {
  for (const name of ['secureConnect', 'end', 'error', 'close']) {
    socket.on(name, (...args: unknown[]) => tape.log(track, name, ...args));
  }
  return socket.on('data', (data) => tape.log(track, 'data', data));
}

async function withTlsServer(net: Net, tape: Tape, talk: (port: number) => Promise<unknown>): Promise<void> {
  const { key, cert } = certificate();
  const server = createTlsServer({ key, cert }, (socket) => {
    read(tape, 'server', socket);
    socket.write('welcome');
    socket.once('data', () => socket.end(', bye'));
  });
  const raw = net.createServer((socket) => server.emit('connection', socket));
  const port = await listening(raw);
  tape.keep(() => raw.close());
  await talk(port);
}

const options = (): object => ({ servername: 'localhost', ca: certificate().cert });

export const securedScenarios: readonly Scenario[] = [
  {
    name: 'TLS on a socket that is connected, which the server ends',
    async run(net, tape) {
      await withTlsServer(net, tape, async (port) => {
        const socket = net.connect(port, '127.0.0.1');
        await event(socket, 'connect');
        const secured = read(tape, 'client', tlsConnect({ socket, ...options() }));
        await event(secured, 'secureConnect');
        secured.write('hello');
        await event(secured, 'close');
        tape.log('client', socket.destroyed);
      });
    },
  },
  {
    name: 'TLS on a socket that connects, written to at once',
    async run(net, tape) {
      await withTlsServer(net, tape, async (port) => {
        const socket = net.connect(port, '127.0.0.1');
        const secured = read(tape, 'client', tlsConnect({ socket, ...options() }));
        secured.write('hello');
        await event(secured, 'close');
      });
    },
  },
  {
    name: 'TLS on a socket that connects later',
    async run(net, tape) {
      await withTlsServer(net, tape, async (port) => {
        const socket = new net.Socket();
        const secured = read(tape, 'client', tlsConnect({ socket, ...options() }));
        socket.connect(port, '127.0.0.1');
        secured.write('hello');
        await event(secured, 'close');
      });
    },
  },
  {
    name: 'TLS in the middle of a conversation (STARTTLS), a big body each way',
    async run(net, tape) {
      const { key, cert } = certificate();
      const big = Buffer.alloc(2 << 20, 'b');
      const server = net.createServer((socket) => {
        socket.once('data', (data) => {
          tape.log('server', 'before', data);
          socket.write('go ahead', () => {
            const secured = new TLSSocket(socket, { isServer: true, key, cert });
            secured.on('error', (error) => tape.log('server', 'error', error));
            secured.pipe(secured);
          });
        });
      });
      const port = await listening(server);
      tape.keep(() => server.close());
      const socket = net.connect(port, '127.0.0.1');
      socket.write('starttls');
      const [answer] = await event(socket, 'data');
      tape.log('client', 'before', answer);
      const secured = tlsConnect({ socket, ...options() });
      secured.on('error', (error) => tape.log('client', 'error', error));
      let bytes = 0;
      secured.on('data', (data) => (bytes += data.length));
      secured.end(big);
      await event(secured, 'close');
      tape.log('client', bytes, socket.destroyed);
    },
  },
  {
    name: 'TLS that the client does not trust',
    async run(net, tape) {
      await withTlsServer(net, tape, async (port) => {
        const socket = net.connect(port, '127.0.0.1');
        const secured = tlsConnect({ socket, servername: 'localhost' });
        secured.on('error', (error: Error & { code?: string }) => tape.log('client', 'error', error.code));
        secured.on('close', (hadError) => tape.log('client', 'close', hadError));
        await event(secured, 'close');
        delete tape.tracks.server;
      });
    },
  },
];
