/**
 * The order of calls on both sides of a TCP connection, and which of them wait.
 *
 * Shows: socket, bind, listen, accept on one side; socket, connect on the other; then read and write both ways. A call
 * that is still waiting when the next line is printed has its answer further down, marked with <-.
 * Root: not needed.
 * Run: npm run example -- 03
 */
import { AF_INET, type CallObserver, kernel, observeHost, SOCK_STREAM } from 'barewire';

const text = new TextDecoder();

// Two names for the same kernel, each with an observer that prints every call.
const server = observeHost(kernel, printCalls('server', ''));
const client = observeHost(kernel, printCalls('client', ' '.repeat(36)));

const listener = server.socket(AF_INET, SOCK_STREAM);
listener.bind('127.0.0.1:0');
listener.listen(20);
const address = listener.getsockname();
const serving = serve();

const socket = client.socket(AF_INET, SOCK_STREAM);
await socket.connect(address);
await socket.send('request');
console.log(`the client read: ${text.decode(await socket.recv(1024))}`);
socket.close();

await serving;
listener.close();

async function serve(): Promise<void> {
  const connection = await listener.accept(); // waits for a client
  await connection.recv(1024); // waits for its request
  await connection.send('answer');
  await connection.recv(1024); // waits for its FIN: 0 bytes
  connection.close();
}

function printCalls(side: string, indent: string): CallObserver {
  const calls: string[] = [];
  return {
    enter({ name }) {
      console.log(`${indent}${side} ${name}()`);
      return calls.push(name) - 1;
    },
    exit(token, { ret, errno }) {
      const answer = errno ?? (ret > 0 && /socket|accept/.test(calls[token] ?? '') ? 'a descriptor' : ret);
      console.log(`${indent}${side} ${calls[token]} <- ${answer}`);
    },
  };
}
