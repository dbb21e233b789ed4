/* Receives datagrams with recvmmsg: the limit for UDP receive. */
#include "common.h"
#define BATCH 64

int main(void) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  int room = 4 << 20;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  struct sockaddr_in address = loopback(0);
  if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) die("bind");
  int ep = epoll_create1(0);
  struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
  epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
  e = (struct epoll_event){.events = EPOLLIN, .data.fd = 0};
  epoll_ctl(ep, EPOLL_CTL_ADD, 0, &e);
  ready(fd);
  static char slab[BATCH][2048];
  struct mmsghdr messages[BATCH];
  struct iovec parts[BATCH];
  struct sockaddr_storage names[BATCH];
  uint64_t count = 0, bytes = 0;
  struct epoll_event events[4];
  for (;;) {
    int n = epoll_wait(ep, events, 4, -1);
    for (int i = 0; i < n; i++) {
      if (events[i].data.fd == 0) {
        report(count, bytes);
        return 0;
      }
      for (int turn = 0; turn < 16; turn++) {
        memset(messages, 0, sizeof messages);
        for (int k = 0; k < BATCH; k++) {
          parts[k] = (struct iovec){slab[k], sizeof slab[k]};
          messages[k].msg_hdr.msg_iov = &parts[k];
          messages[k].msg_hdr.msg_iovlen = 1;
          messages[k].msg_hdr.msg_name = &names[k];
          messages[k].msg_hdr.msg_namelen = sizeof names[k];
        }
        int got = recvmmsg(fd, messages, BATCH, 0, NULL);
        if (got <= 0) break;
        count += (uint64_t)got;
        for (int k = 0; k < got; k++) bytes += messages[k].msg_len;
      }
    }
  }
}
