"""Peer for the echo tests: UDP; each line of standard input is a datagram without newline, one datagram is the answer.

udp_echo_client.py [ADDRESS [PORT]]        127.0.0.1 9999
"""
import socket
import sys

address = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1"
port = int(sys.argv[2]) if len(sys.argv) > 2 else 9999
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
    for line in sys.stdin:
        text = line.rstrip("\n")
        sock.sendto(text.encode("utf-8"), (address, port))
        if text == "exit":
            break
        answer, _ = sock.recvfrom(1024)
        print("server response-> %r" % answer.decode("utf-8"), flush=True)
