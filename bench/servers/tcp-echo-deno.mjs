/** TCP echo on Deno's own sockets. */
let count = 0;
let bytes = 0;
const listener = Deno.listen({ hostname: '127.0.0.1', port: 0 });

async function echo(connection) {
  connection.setNoDelay(true);
  const buffer = new Uint8Array(65_536);
  try {
    for (;;) {
      const length = await connection.read(buffer);
      if (length === null) break;
      count++;
      bytes += length;
      for (let sent = 0; sent < length; ) sent += await connection.write(buffer.subarray(sent, length));
    }
  } catch {
    // The load resets its connections at the end.
  }
  try {
    connection.close();
  } catch {
    // Closed already.
  }
}

async function untilTold() {
  await Deno.stdin.read(new Uint8Array(16));
  await Deno.stdout.write(new TextEncoder().encode(`${count} ${bytes}\n`));
  Deno.exit(0);
}

await Deno.stdout.write(new TextEncoder().encode(`ready ${listener.addr.port}\n`));
void untilTold();
for await (const connection of listener) void echo(connection);
