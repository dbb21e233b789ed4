/** TCP echo on Bun's own sockets. */
let count = 0;
let bytes = 0;
const server = Bun.listen({
  hostname: '127.0.0.1',
  port: 0,
  socket: {
    open(socket) {
      socket.setNoDelay(true);
      socket.data = [];
    },
    data(socket, chunk) {
      count++;
      bytes += chunk.length;
      if (socket.data.length > 0) socket.data.push(Buffer.from(chunk));
      else {
        const sent = socket.write(chunk);
        if (sent < chunk.length) socket.data.push(Buffer.from(chunk.subarray(Math.max(sent, 0))));
      }
    },
    drain(socket) {
      while (socket.data.length > 0) {
        const sent = socket.write(socket.data[0]);
        if (sent < socket.data[0].length) {
          socket.data[0] = socket.data[0].subarray(Math.max(sent, 0));
          return;
        }
        socket.data.shift();
      }
    },
    error() {},
  },
});
process.stdout.write(`ready ${server.port}\n`);
process.stdin.once('data', () => process.stdout.write(`${count} ${bytes}\n`, () => process.exit(0)));
