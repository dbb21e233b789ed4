"""Peer for the echo tests: UDP; each datagram (up to 1024 bytes) is answered with its length; `exit` stops the server.

udp_echo_server.py [ADDRESS [PORT]]        127.0.0.1 9999
"""
import socket
import sys

address = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1"
port = int(sys.argv[2]) if len(sys.argv) > 2 else 9999
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
    sock.bind((address, port))
    print("listening on %s:%d" % sock.getsockname(), file=sys.stderr, flush=True)
    while True:
        data, peer = sock.recvfrom(1024)
        if data == b"exit":
            break
        print(f"client {peer} request-> {data.decode('utf-8', 'replace')}", flush=True)
        sock.sendto(b"Your data was %d bytes long" % len(data), peer)
