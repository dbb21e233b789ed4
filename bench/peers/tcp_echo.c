/* TCP echo server on edge-triggered epoll: the limit that the library is measured against. argv: nothing. */
#include "common.h"

static char buffer[65536];

/* Echo what there is; a short write waits for room, as all contenders' peers read steadily. */
static int echo(int fd, uint64_t *count, uint64_t *bytes) {
  for (;;) {
    ssize_t n = recv(fd, buffer, sizeof buffer, 0);
    if (n == 0) return -1;
    if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
    ++*count;
    *bytes += (uint64_t)n;
    for (ssize_t sent = 0; sent < n;) {
      ssize_t m = send(fd, buffer + sent, (size_t)(n - sent), MSG_NOSIGNAL);
      if (m > 0) sent += m;
      else if (errno == EAGAIN) {
        struct timespec pause = {0, 20000};
        nanosleep(&pause, NULL);
      } else return -1;
    }
  }
}

int main(void) {
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in address = loopback(0);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0) die("bind");
  if (listen(listener, 4096) < 0) die("listen");
  int ep = epoll_create1(0);
  struct epoll_event e = {.events = EPOLLIN | EPOLLET, .data.fd = listener};
  epoll_ctl(ep, EPOLL_CTL_ADD, listener, &e);
  e = (struct epoll_event){.events = EPOLLIN, .data.fd = 0};
  epoll_ctl(ep, EPOLL_CTL_ADD, 0, &e);
  ready(listener);
  uint64_t count = 0, bytes = 0;
  struct epoll_event events[256];
  for (;;) {
    int n = epoll_wait(ep, events, 256, -1);
    for (int i = 0; i < n; i++) {
      int fd = events[i].data.fd;
      if (fd == 0) {
        report(count, bytes);
        return 0;
      }
      if (fd == listener) {
        int c;
        while ((c = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
          int one = 1;
          setsockopt(c, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
          e = (struct epoll_event){.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.fd = c};
          epoll_ctl(ep, EPOLL_CTL_ADD, c, &e);
        }
      } else if (echo(fd, &count, &bytes) < 0) close(fd);
    }
  }
}
