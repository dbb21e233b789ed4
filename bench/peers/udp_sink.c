/* A bound datagram socket that nobody reads, with the smallest buffer: what senders are measured against. */
#include "common.h"

int main(void) {
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  int room = 1;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  struct sockaddr_in address = loopback(0);
  if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) die("bind");
  ready(fd);
  char c;
  if (read(0, &c, 1) < 0) die("read");
  report(0, 0);
  return 0;
}
