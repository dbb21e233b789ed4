/* Reads whatever comes and drops it. argv: tcp|unix|dgram|seqpacket PORT-or-path (0 lets the kernel choose the port). */
#include "local.h"

static char buffer[65536];

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  const char *kind = argv[1];
  int listener = open_kind(kind), is_dgram = strcmp(kind, "dgram") == 0;
  fcntl(listener, F_SETFL, O_NONBLOCK);
  if (name_socket(bind, listener, kind, argv[2]) < 0) die("bind");
  if (!is_dgram && listen(listener, 64) < 0) die("listen");
  int ep = epoll_create1(0);
  struct epoll_event e = {.events = EPOLLIN | EPOLLET, .data.fd = listener};
  epoll_ctl(ep, EPOLL_CTL_ADD, listener, &e);
  e = (struct epoll_event){.events = EPOLLIN, .data.fd = 0};
  epoll_ctl(ep, EPOLL_CTL_ADD, 0, &e);
  if (is_tcp(kind)) ready(listener);
  else {
    printf("ready %s\n", argv[2]);
    fflush(stdout);
  }
  uint64_t count = 0, bytes = 0;
  struct epoll_event events[64];
  for (;;) {
    int n = epoll_wait(ep, events, 64, -1);
    for (int i = 0; i < n; i++) {
      int fd = events[i].data.fd;
      if (fd == 0) {
        report(count, bytes);
        return 0;
      }
      if (fd == listener && !is_dgram) {
        int c;
        while ((c = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
          e = (struct epoll_event){.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.fd = c};
          epoll_ctl(ep, EPOLL_CTL_ADD, c, &e);
        }
        continue;
      }
      for (;;) {
        ssize_t got = recv(fd, buffer, sizeof buffer, 0);
        if (got < 0) break;
        if (got == 0) {
          close(fd);
          break;
        }
        count++;
        bytes += (uint64_t)got;
      }
    }
  }
}
