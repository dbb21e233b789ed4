/* Accepts and closes: the limit for the connection rate. */
#include "common.h"

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
  uint64_t count = 0;
  struct epoll_event events[16];
  for (;;) {
    int n = epoll_wait(ep, events, 16, -1);
    for (int i = 0; i < n; i++) {
      if (events[i].data.fd == 0) {
        report(count, 0);
        return 0;
      }
      int c;
      while ((c = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        count++;
        close(c);
      }
    }
  }
}
