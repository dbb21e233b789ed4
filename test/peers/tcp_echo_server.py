"""Peer for the echo tests: TCP, one thread a client, each recv(1024) answered with its length; `exit` ends a client.

tcp_echo_server.py [ADDRESS [PORT]]        127.0.0.1 6666
"""
import socket
import sys
import threading


def talk(conn, peer):
    with conn:
        while True:
            data = conn.recv(1024)
            if not data or data == b"exit":
                return
            print(f"client {peer} request-> {data.decode('utf-8', 'replace')}", flush=True)
            conn.send(b"Your data was %d bytes long" % len(data))


def main():
    address = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1"
    port = int(sys.argv[2]) if len(sys.argv) > 2 else 6666
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(10)
        print("listening on %s:%d" % listener.getsockname(), file=sys.stderr, flush=True)
        while True:
            conn, peer = listener.accept()
            threading.Thread(target=talk, args=(conn, peer), daemon=True).start()


main()
