"""Peer for the echo tests: TCP; each line of standard input goes without its newline, one recv(1024) is the answer.

tcp_echo_client.py [ADDRESS [PORT]]        127.0.0.1 6666
"""
import socket
import sys

address = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1"
port = int(sys.argv[2]) if len(sys.argv) > 2 else 6666
with socket.create_connection((address, port)) as conn:
    for line in sys.stdin:
        text = line.rstrip("\n")
        conn.send(text.encode("utf-8"))
        if text == "exit":
            break
        answer = conn.recv(1024)
        print("server response-> %r" % answer.decode("utf-8"), flush=True)
