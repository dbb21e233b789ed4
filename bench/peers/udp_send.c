/* Sends datagrams with sendmmsg for a set time. argv: PORT size milliseconds [gso]. Prints datagrams sent and
 * nanoseconds. With `gso` the kernel cuts each message into 32 datagrams (UDP_SEGMENT): for loading receivers. */
#include "common.h"
#include <netinet/udp.h>
#define SEGMENTS 32
#define BATCH 64

int main(int argc, char **argv) {
  if (argc != 4 && argc != 5) return 2;
  int segments = argc == 5 ? SEGMENTS : 1;
  size_t size = (size_t)atol(argv[2]);
  int64_t length = atol(argv[3]) * 1000000LL;
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in target = loopback(atoi(argv[1]));
  if (connect(fd, (struct sockaddr *)&target, sizeof target) < 0) die("connect");
  int cut = (int)size;
  if (segments > 1 && setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &cut, sizeof cut) < 0) die("UDP_SEGMENT");
  static char data[65536];
  struct mmsghdr messages[BATCH];
  struct iovec part = {data, size * (size_t)segments};
  memset(messages, 0, sizeof messages);
  for (int k = 0; k < BATCH; k++) {
    messages[k].msg_hdr.msg_iov = &part;
    messages[k].msg_hdr.msg_iovlen = 1;
  }
  uint64_t sent = 0;
  int64_t start = now_ns(), end = start + length;
  while (now_ns() < end) {
    int n = sendmmsg(fd, messages, segments > 1 ? 2 : BATCH, 0);
    if (n > 0) sent += (uint64_t)n * (uint64_t)segments;
  }
  printf("%llu %lld\n", (unsigned long long)sent, (long long)(now_ns() - start));
  return 0;
}
