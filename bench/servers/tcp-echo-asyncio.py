"""TCP echo on CPython's asyncio, with a protocol (its fastest way)."""
import asyncio
import socket
import sys

count = 0
size = 0


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data):
        global count, size
        count += 1
        size += len(data)
        self.transport.write(data)


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Echo, "127.0.0.1", 0)
    print("ready", server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.readline)
    print(count, size, flush=True)
    import os

    os._exit(0)


asyncio.run(main())
