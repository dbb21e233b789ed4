/* What the C programs of the benches share: the same rules as the JavaScript ones (report.mjs is the twin).
 * A server prints "ready PORT"; a line on standard input ends it; it then prints one line "count bytes". */
#ifndef BENCH_COMMON_H
#define BENCH_COMMON_H
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static inline void die(const char *what) {
  perror(what);
  exit(1);
}

static inline int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline struct sockaddr_in loopback(int port) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return a;
}

static inline int port_of(int fd) {
  struct sockaddr_in a;
  socklen_t n = sizeof a;
  if (getsockname(fd, (struct sockaddr *)&a, &n) < 0) die("getsockname");
  return ntohs(a.sin_port);
}

static inline void ready(int fd) {
  printf("ready %d\n", port_of(fd));
  fflush(stdout);
}

static inline void report(uint64_t count, uint64_t bytes) {
  printf("%llu %llu\n", (unsigned long long)count, (unsigned long long)bytes);
  fflush(stdout);
}
#endif
