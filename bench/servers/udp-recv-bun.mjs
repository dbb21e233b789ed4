/** Receives datagrams on Bun's own sockets. */
let count = 0;
let bytes = 0;
const socket = await Bun.udpSocket({
  hostname: '127.0.0.1',
  socket: {
    data(_, data) {
      count++;
      bytes += data.length;
    },
  },
});
process.stdout.write(`ready ${socket.port}\n`);
process.stdin.once('data', () => process.stdout.write(`${count} ${bytes}\n`, () => process.exit(0)));
