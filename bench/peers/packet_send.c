/* Frames on one end of a veth pair of one's own, at a rate: `INTERFACE SIZE PER_SECOND MS` → "sent ns". 0 is as fast as it
 * goes. Bounded to 10 s, one fixed frame, and only on an interface named bw-…, which the bench makes for itself. */
#include "common.h"
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>

#define BATCH 32

int main(int argc, char **argv) {
  if (argc < 5 || strncmp(argv[1], "bw-", 3) != 0) return 2;
  size_t size = strtoul(argv[2], NULL, 10);
  double rate = atof(argv[3]);
  int64_t limit = strtoll(argv[4], NULL, 10) * 1000000;
  if (limit > 10000000000LL || size < 60 || size > 1514) return 2;
  int fd = socket(AF_PACKET, SOCK_RAW, 0);
  struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(argv[1])};
  if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof to) < 0) die("bind");
  int on = 1;
  setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof on);
  static uint8_t frame[1514] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x08, 0x00, 0x45};
  frame[16] = (uint8_t)((size - 14) >> 8);
  frame[17] = (uint8_t)(size - 14);
  const uint8_t rest[] = {64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0x9c, 0x40, 0, 9};
  memcpy(frame + 22, rest, sizeof rest);
  frame[38] = (uint8_t)((size - 34) >> 8);
  frame[39] = (uint8_t)(size - 34);
  struct iovec part = {frame, size};
  struct mmsghdr messages[BATCH];
  memset(messages, 0, sizeof messages);
  for (int i = 0; i < BATCH; i++) messages[i].msg_hdr.msg_iov = &part, messages[i].msg_hdr.msg_iovlen = 1;
  uint64_t sent = 0;
  int64_t began = now_ns(), spent;
  while ((spent = now_ns() - began) < limit) {
    if (rate > 0 && (double)sent > rate * (double)spent / 1e9) continue;
    int n = sendmmsg(fd, messages, BATCH, 0);
    if (n > 0) sent += (uint64_t)n;
    else if (errno != ENOBUFS && errno != EAGAIN) die("sendmmsg");
  }
  printf("%llu %lld\n", (unsigned long long)sent, (long long)spent);
  return 0;
}
