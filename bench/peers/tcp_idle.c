/* Opens connections and leaves them alone. argv: PORT connections. Prints how many are open; a line on standard input
 * ends it. */
#include "common.h"

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  struct sockaddr_in server = loopback(atoi(argv[1]));
  int wanted = atoi(argv[2]);
  for (int i = 0; i < wanted; i++) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0) die("socket");
    struct linger hard = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    if (connect(fd, (struct sockaddr *)&server, sizeof server) < 0) die("connect");
    // A backlog that overflows would cost a second for each connection that it drops.
    struct timespec pause = {0, 2000000};
    if (i % 64 == 63) nanosleep(&pause, NULL);
  }
  report((uint64_t)wanted, 0);
  char c;
  if (read(0, &c, 1) < 0) die("read");
  report((uint64_t)wanted, 0);
  return 0;
}
