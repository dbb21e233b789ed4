"""The conformance scripts on CPython's socket module.

Reads {"directory": ..., "cases": [{"id": ..., "steps": [...]}]} from standard input (the steps of language.ts), runs each
script and writes one JSON line a case: {"id": ..., "outcomes": [{"text": ..., "bytes": ...?}]}, up to the first outcome
that is not what its step wants. Sockets are non-blocking and wait in poll(2), as Barewire's do. ctypes is used only for
what the module cannot say: AF_UNSPEC and other addresses as bytes, and the bytes of getsockname.
"""

import array
import ctypes
import errno
import fcntl
import json
import os
import re
import select
import socket
import struct
import sys
import time

DEADLINE = 4.0
WAITED = "waited without end"
BITS = [("in", 1), ("pri", 2), ("out", 4), ("err", 8), ("hup", 16), ("rdhup", 0x2000)]
IOCTLS = {"FIONREAD": 0x541B, "SIOCATMARK": 0x8905, "SIOCOUTQ": 0x5411}
PROTOCOLS = {
    "tcp": socket.IPPROTO_TCP,
    "udp": socket.IPPROTO_UDP,
    "icmp": socket.IPPROTO_ICMP,
    "icmp6": socket.IPPROTO_ICMPV6,
    "rawip": socket.IPPROTO_RAW,
    "mine": 143 + os.getpid() % 50,
    "other": 193 + os.getpid() % 50,
}
MESSAGE_FLAGS = [("oob", 0x01), ("ctrunc", 0x08), ("trunc", 0x20), ("eor", 0x80), ("errqueue", 0x2000)]
SOL = {"SO": socket.SOL_SOCKET, "IP": 0, "IPV6": 41, "TCP": 6, "UDP": 17}
libc = ctypes.CDLL(None, use_errno=True)


class Waited(Exception):
    pass


def data_of(word):
    if word.startswith('"'):
        return json.loads(word).encode("latin-1")
    if word.startswith("hex:"):
        return bytes.fromhex(word[4:])
    char, count = re.fullmatch(r"(.)\*(\d+)", word).groups()
    return char.encode("latin-1") * int(count)


def word_of_data(data):
    if len(data) > 32 and 0x20 < data[0] < 0x7F and data == data[:1] * len(data):
        return "%s*%d" % (chr(data[0]), len(data))
    if any(byte < 0x20 or byte > 0x7E for byte in data):
        return "hex:" + data.hex()
    return json.dumps(data.decode("latin-1"))


def word_of_bits(bits, table=BITS):
    return "|".join(word for word, bit in table if bits & bit) or "none"


def matches(expect, outcome):
    if expect == "?":
        return True
    if expect is None or expect == "any":
        return not re.match(r"E[A-Z0-9_]+\b|waited", outcome)
    if expect.startswith(">="):
        return re.fullmatch(r"-?\d+", outcome) is not None and int(outcome) >= int(expect[2:])
    return expect == outcome


def constant(prefix, word):
    return int(word) if re.fullmatch(r"-?\d+", word) else getattr(socket, prefix + word.upper())


def checked(result):
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


class Script:
    def __init__(self, number, directory):
        self.sockets = {}
        self.ports = {}
        self.by_name = {}
        self.paths = os.path.join(directory, "py%d-" % number)
        self.prefix = "bwp-%d-%d-" % (os.getpid(), number)

    # ---- names and addresses

    def learn(self):
        for name, sock in self.sockets.items():
            if sock.fileno() >= 0 and sock.family in (socket.AF_INET, socket.AF_INET6):
                port = sock.getsockname()[1]
                if port and port < 65536 and sock.type != socket.SOCK_RAW:
                    self.name_port(name, port)

    def name_port(self, name, port):
        self.by_name[name] = port
        self.ports.setdefault(port, name)

    def parse(self, word):
        """What the module takes as an address, or the bytes of a sockaddr."""
        if word.startswith("@"):
            return self.sockets[word[1:]].getsockname()
        if word == "unspec":
            return struct.pack("=H14x", socket.AF_UNSPEC)
        if word == "unnamed":
            return struct.pack("=H", socket.AF_UNIX)
        if word.startswith("path:"):
            return self.paths + word[5:]
        if word.startswith("abstract:"):
            return "\0" + self.prefix + word[9:]
        if word.startswith("raw:"):
            _, family, data = word.split(":")
            return struct.pack("=H", int(family)) + bytes.fromhex(data)
        host, port = re.fullmatch(r"\[?([0-9a-f:.]+?)\]?:(\w+)", word).groups()
        if not port.isdigit():
            self.learn()
            port = self.by_name[port]
        if ":" in host:
            return (host, int(port), 0, 0)
        return (host, int(port))

    def pack(self, address):
        """The bytes of the sockaddr, for calls through libc."""
        if isinstance(address, bytes):
            return address
        if isinstance(address, str):
            return struct.pack("=H", socket.AF_UNIX) + address.encode() + (b"" if address.startswith("\0") else b"\0")
        if len(address) == 2:
            return struct.pack("=H", socket.AF_INET) + struct.pack("!H", address[1]) + socket.inet_aton(address[0]) + bytes(8)
        port, flow, scope = address[1:]
        return (
            struct.pack("=H", socket.AF_INET6)
            + struct.pack("!HI", port, flow)
            + socket.inet_pton(socket.AF_INET6, address[0])
            + struct.pack("=I", scope)
        )

    def says_itself(self, sock, address):
        """Whether the module can pass this address for this socket: it encodes by the socket's family."""
        if isinstance(address, bytes):
            return False
        if isinstance(address, str):
            return sock.family == socket.AF_UNIX
        return sock.family == (socket.AF_INET if len(address) == 2 else socket.AF_INET6)

    def bind(self, sock, address):
        if self.says_itself(sock, address):
            return sock.bind(address)
        data = self.pack(address)
        return checked(libc.bind(sock.fileno(), data, len(data)))

    def connect_once(self, sock, address):
        if self.says_itself(sock, address):
            return sock.connect(address)
        data = self.pack(address)
        return checked(libc.connect(sock.fileno(), data, len(data)))

    def print(self, sock, address):
        if address is None:
            return "no address"
        if sock.family == socket.AF_UNIX:
            if not address:
                return "unnamed"
            text = address.decode("latin-1") if isinstance(address, bytes) else address
            if not text.startswith("\0"):
                return "path:" + text.replace(self.paths, "")
            return "abstract:" + text[1 + len(self.prefix) :] if text.startswith(self.prefix, 1) else "autobound"
        self.learn()
        port = str(self.ports.get(address[1], address[1]))
        if sock.family == socket.AF_INET:
            return "%s:%s" % (address[0], port)
        host = address[0].split("%")[0]
        scope = "%%%d" % address[3] if address[3] else ""
        return "[%s%s]:%s" % (host, scope, port)

    def hex(self, sock, call):
        """The bytes of the name, as Names.hex prints them."""
        room = ctypes.create_string_buffer(128)
        length = ctypes.c_uint(128)
        checked(getattr(libc, call)(sock.fileno(), room, ctypes.byref(length)))
        data = room.raw[: min(length.value, 128)]
        if data[0] == socket.AF_UNIX:
            kind = ("an abstract name" if data[2] == 0 else "a path") if length.value > 2 else str(length.value)
            return "01 of " + kind
        text = data.hex()
        return text[:4] + "pppp" + text[8:] if data[2:4] != b"\0\0" else text

    # ---- waiting

    def waiting(self, sock, event, attempt):
        deadline = time.monotonic() + DEADLINE
        while True:
            try:
                return attempt()
            except BlockingIOError:
                poll = select.poll()
                poll.register(sock, event)
                if not poll.poll(max(0, deadline - time.monotonic()) * 1000):
                    raise Waited() from None

    def connect(self, sock, address):
        # connect(2), EALREADY: called again, it tells how the attempt that is under way went. EAGAIN (a Unix backlog
        # that is full) waits for nothing that poll could tell.
        while True:
            try:
                return self.connect_once(sock, address)
            except OSError as error:
                if error.errno not in (errno.EINPROGRESS, errno.EALREADY):
                    raise
            poll = select.poll()
            poll.register(sock, select.POLLOUT)
            if not poll.poll(DEADLINE * 1000):
                raise Waited()

    # ---- the calls

    def step(self, step):
        try:
            result = self.call(step)
        except Waited:
            return {"text": WAITED}
        except OSError as error:
            code = errno.errorcode[error.errno]
            return {"text": "EOPNOTSUPP" if code == "ENOTSUP" else code}
        return result if isinstance(result, dict) else {"text": "ok" if result is None else str(result)}

    def keep(self, name, sock):
        sock.setblocking(False)
        self.sockets[name] = sock

    def call(self, step):
        call, args, makes = step["call"], step["args"], step["makes"]
        flags = 0
        for word in step["flags"]:
            flags |= getattr(socket, "MSG_" + word)
        if call == "socket":
            protocol = args[2] if len(args) > 2 else "0"
            number = PROTOCOLS[protocol] if protocol in PROTOCOLS else int(protocol)
            return self.keep(makes[0], socket.socket(constant("AF_", args[0]), constant("SOCK_", args[1]), number))
        if call == "socketpair":
            pair = socket.socketpair(constant("AF_", args[0]), constant("SOCK_", args[1]))
            self.keep(makes[0], pair[0])
            return self.keep(makes[1], pair[1])
        if call == "port":
            return self.name_port(makes[0], self.free_port())
        if call == "unlink":
            return os.unlink(self.paths + args[0])
        sock = self.sockets[args[0]]
        if call == "dup":
            return self.keep(makes[0], sock.dup())
        if call == "recvfd":
            _, fds, _, _ = self.waiting(sock, select.POLLIN, lambda: socket.recv_fds(sock, 1, 1))
            return self.keep(makes[0], socket.socket(fileno=fds[0]))
        if call in ("accept", "tryaccept"):
            accepted = self.waiting(sock, select.POLLIN, sock.accept) if call == "accept" else sock.accept()
            return self.keep(makes[0], accepted[0])
        once = call.startswith("try")
        return getattr(self, "do_" + call.removeprefix("try"))(sock, args[1:], flags, once, step.get("expect"))

    def free_port(self):
        while True:
            with socket.socket(socket.AF_INET6) as tcp, socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as udp:
                for sock in (tcp, udp):
                    sock.setsockopt(41, socket.IPV6_V6ONLY, 0)
                try:
                    tcp.bind(("::", 0))
                    udp.bind(("::", tcp.getsockname()[1]))
                    if tcp.getsockname()[1] not in self.ports:
                        return tcp.getsockname()[1]
                except OSError as error:
                    if error.errno != errno.EADDRINUSE:
                        raise

    def do_bind(self, sock, args, *_):
        self.bind(sock, self.parse(args[0]))

    def do_listen(self, sock, args, *_):
        sock.listen(int(args[0]) if args else 4096)

    def do_connect(self, sock, args, _, once, __):
        address = self.parse(args[0])
        if once:
            self.connect_once(sock, address)
        else:
            self.connect(sock, address)

    def do_getsockname(self, sock, *_):
        return {"text": self.print(sock, sock.getsockname()), "bytes": self.hex(sock, "getsockname")}

    def do_getpeername(self, sock, *_):
        return {"text": self.print(sock, sock.getpeername()), "bytes": self.hex(sock, "getpeername")}

    def do_send(self, sock, args, flags, once, _):
        data = data_of(args[0])
        attempt = lambda: sock.send(data, flags | socket.MSG_NOSIGNAL)
        return attempt() if once else self.waiting(sock, select.POLLOUT, attempt)

    def do_sendto(self, sock, args, flags, once, _):
        data, address = data_of(args[0]), self.parse(args[1])
        flags |= socket.MSG_NOSIGNAL

        def attempt():
            if self.says_itself(sock, address):
                return sock.sendto(data, flags, address)
            to = self.pack(address)
            return checked(libc.sendto(sock.fileno(), data, len(data), flags, to, len(to)))

        return attempt() if once else self.waiting(sock, select.POLLOUT, attempt)

    def do_sendfd(self, sock, args, *_):
        fds = [self.sockets[args[1]].fileno()]
        return self.waiting(sock, select.POLLOUT, lambda: socket.send_fds(sock, [data_of(args[0])], fds))

    def do_writev(self, sock, args, *_):
        return self.waiting(sock, select.POLLOUT, lambda: sock.sendmsg([data_of(word) for word in args]))

    def do_readv(self, sock, args, *_):
        parts = [bytearray(int(size)) for size in args]
        count = self.waiting(sock, select.POLLIN, lambda: os.readv(sock.fileno(), parts))
        words = []
        for part in parts:
            words.append(word_of_data(bytes(part[:count])))
            count = max(0, count - len(part))
        return " ".join(words)

    def do_recv(self, sock, args, flags, once, _):
        attempt = lambda: sock.recv(int(args[0]), flags)
        return word_of_data(attempt() if once else self.waiting(sock, select.POLLIN, attempt))

    def do_recvlen(self, sock, args, flags, *_):
        return sock.recv_into(bytearray(int(args[0])), int(args[0]), flags)

    def do_recvfrom(self, sock, args, flags, once, _):
        room = bytearray(int(args[0]))
        if sock.type != socket.SOCK_STREAM:
            flags |= socket.MSG_TRUNC
        attempt = lambda: sock.recvmsg_into([room], 0, flags)
        count, _, _, address = attempt() if once else self.waiting(sock, select.POLLIN, attempt)
        cut = " of %d" % count if count > len(room) else ""
        return "%s%s from %s" % (word_of_data(bytes(room[:count])), cut, self.print(sock, address))

    def do_recvmsg(self, sock, args, flags, *_):
        attempt = lambda: sock.recvmsg(int(args[0]), 0, flags)
        data, _, message_flags, _ = self.waiting(sock, select.POLLIN, attempt)
        return "%s %s" % (word_of_data(data), word_of_bits(message_flags, MESSAGE_FLAGS))

    def do_recvip(self, sock, args, flags, once, _):
        attempt = lambda: sock.recv(int(args[0]), flags)
        packet = attempt() if once else self.waiting(sock, select.POLLIN, attempt)
        payload = packet[(packet[0] & 15) * 4 :]
        source, target = socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20])
        return "%s from %s to %s" % (word_of_data(payload), source, target)

    def do_recvall(self, sock, *_):
        parts = b""
        while True:
            part = self.waiting(sock, select.POLLIN, lambda: sock.recv(65536))
            if not part:
                return word_of_data(parts)
            parts += part

    def do_fill(self, sock, *_):
        block = bytes(65536)
        try:
            while True:
                sock.send(block, socket.MSG_NOSIGNAL)
        except BlockingIOError:
            return "full"

    def do_drain(self, sock, *_):
        try:
            while sock.recv(65536):
                pass
        except BlockingIOError:
            pass
        return "drained"

    def do_shutdown(self, sock, args, *_):
        how = {"rd": socket.SHUT_RD, "wr": socket.SHUT_WR, "both": socket.SHUT_RDWR}
        sock.shutdown(how[args[0]] if args[0] in how else int(args[0]))

    def do_close(self, sock, *_):
        self.learn()
        sock.close()

    def option(self, name, numbers):
        level = SOL[name.split("_")[0]]
        number = getattr(socket, name, numbers[1])
        if [level, number] != numbers:
            raise AssertionError("%s is %r here, not %r" % (name, [level, number], numbers))
        return level, number

    def do_set(self, sock, args, *_):
        level, number = self.option(args[0], OPTIONS[args[0]])
        ints = [int(word) for word in args[1].split(",")]
        sock.setsockopt(level, number, array.array("i", ints).tobytes())

    def do_get(self, sock, args, *_):
        level, number = self.option(args[0], OPTIONS[args[0]])
        data = sock.getsockopt(level, number, 8 if args[0] == "SO_LINGER" else 4)
        if len(data) < 4:
            return str(data[0])
        ints = struct.unpack("=%di" % (len(data) // 4), data)
        if args[0] == "SO_ERROR" and ints[0]:
            return "error " + errno.errorcode[ints[0]]
        return ",".join(map(str, ints))

    def do_ioctl(self, sock, args, *_):
        if sock.fileno() < 0:
            raise OSError(errno.EBADF, "closed")
        value = array.array("i", [0])
        fcntl.ioctl(sock, IOCTLS[args[0]], value)
        return value[0]

    def do_poll(self, sock, args, flags, once, expect):
        if sock.fileno() < 0:
            raise OSError(errno.EBADF, "closed")
        poll = select.poll()
        poll.register(sock, select.POLLIN | select.POLLPRI | select.POLLOUT | select.POLLRDHUP)
        deadline = time.monotonic() + DEADLINE
        while True:
            ready = poll.poll(0)
            text = word_of_bits(ready[0][1] if ready else 0)
            if expect is None or matches(expect, text) or time.monotonic() > deadline:
                return text
            time.sleep(0.001)

    def end(self):
        for sock in self.sockets.values():
            sock.close()


request = json.load(sys.stdin)
OPTIONS = request["options"]
for number, case in enumerate(request["cases"]):
    script = Script(number, request["directory"])
    outcomes = []
    answer = {"id": case["id"], "outcomes": outcomes}
    try:
        for step in case["steps"]:
            outcome = script.step(step)
            outcomes.append(outcome)
            if not matches(step.get("expect"), outcome["text"]):
                break
    except Exception as error:  # what the script could not say is told, and the others go on
        answer["broken"] = "%s: %s" % (type(error).__name__, error)
    finally:
        script.end()
    print(json.dumps(answer), flush=True)
