/* Two ends of a Unix socket pair in one thread: send at one, receive at the other. argv: stream|dgram|seqpacket size ms.
 * Prints messages and nanoseconds. What is measured is the cost of the two calls. */
#include "common.h"

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  int type = argv[1][1] == 't' ? SOCK_STREAM : argv[1][0] == 'd' ? SOCK_DGRAM : SOCK_SEQPACKET;
  size_t size = (size_t)atol(argv[2]);
  int64_t length = atol(argv[3]) * 1000000LL;
  int pair[2];
  if (socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, pair) < 0) die("socketpair");
  static char out[1 << 16], in[1 << 16];
  uint64_t count = 0;
  int64_t start = now_ns(), end = start + length;
  while (now_ns() < end) {
    for (int i = 0; i < 256; i++) {
      if (send(pair[0], out, size, MSG_NOSIGNAL) != (ssize_t)size) die("send");
      if (recv(pair[1], in, sizeof in, 0) != (ssize_t)size) die("recv");
    }
    count += 256;
  }
  printf("%llu %lld\n", (unsigned long long)count, (long long)(now_ns() - start));
  return 0;
}
