/* Sends for a set time as fast as the receiver takes it. argv: tcp|unix|dgram|seqpacket PORT-or-path size milliseconds.
 * Prints messages of `size` bytes and nanoseconds. */
#include "local.h"

static char data[1 << 20];

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  size_t size = (size_t)atol(argv[3]);
  int64_t length = atol(argv[4]) * 1000000LL;
  int fd = open_kind(argv[1]);
  if (name_socket(connect, fd, argv[1], argv[2]) < 0) die("connect");
  uint64_t bytes = 0;
  int64_t start = now_ns(), end = start + length;
  while (now_ns() < end) {
    ssize_t n = send(fd, data, size, MSG_NOSIGNAL);
    if (n < 0) die("send");
    bytes += (uint64_t)n;
  }
  report(bytes / size, (uint64_t)(now_ns() - start));
  return 0;
}
