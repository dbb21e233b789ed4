/** Accepts and closes, on Barewire. argv: `async` or `ready`. */
import { AF_INET, kernel, SOCK_STREAM } from '../../dist/index.js';
import { ready, untilTold } from './report.mjs';

let count = 0;
const listener = kernel.socket(AF_INET, SOCK_STREAM);
listener.bind('127.0.0.1:0');
listener.listen();
ready(listener.getsockname().port);
untilTold(() => ({ count, bytes: 0 }));
if (process.argv[2] === 'async') {
  for (;;) {
    const socket = await listener.accept();
    count++;
    socket.close();
  }
}
listener.onReadable(() => {
  for (let socket = listener.tryAccept(); socket !== null; socket = listener.tryAccept()) {
    count++;
    socket.close();
  }
});
