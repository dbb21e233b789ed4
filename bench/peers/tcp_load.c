/* Load for the TCP benches. argv: mode PORT connections size milliseconds.
 * echo: each connection sends `size` bytes and waits for them to come back; prints round trips and nanoseconds.
 * latency: the same, and prints the median and the 99th percentile of the round trips in nanoseconds behind.
 * connect: each slot connects, waits for the server's close, and starts again; prints connections and nanoseconds. */
#include "common.h"

static char out[1 << 20], in[1 << 20];
struct conn { int fd; size_t sent, got; };
static int ep;
static struct sockaddr_in server;

#define MOST_TIMES (1 << 21)
static int64_t times[MOST_TIMES];
static size_t timed;

static int by_time(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

static void open_one(struct conn *c, int wait) {
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (c->fd < 0) die("socket");
  struct linger hard = {1, 0};
  int one = 1;
  setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(c->fd, (struct sockaddr *)&server, sizeof server) < 0 && errno != EINPROGRESS) die("connect");
  c->sent = c->got = 0;
  struct epoll_event e = {.events = (wait ? EPOLLIN : EPOLLIN | EPOLLOUT) | EPOLLET, .data.ptr = c};
  epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e);
}

int main(int argc, char **argv) {
  if (argc != 6) return 2;
  int is_connect = argv[1][0] == 'c', is_latency = argv[1][0] == 'l', n = atoi(argv[3]);
  size_t size = (size_t)atol(argv[4]);
  int64_t length = atol(argv[5]) * 1000000LL;
  server = loopback(atoi(argv[2]));
  ep = epoll_create1(0);
  struct conn *conns = calloc((size_t)n, sizeof *conns);
  for (int i = 0; i < n; i++) open_one(&conns[i], is_connect);
  uint64_t done = 0;
  int64_t began = now_ns();
  int64_t start = now_ns(), end = start + length;
  struct epoll_event events[256];
  while (now_ns() < end) {
    int k = epoll_wait(ep, events, 256, 100);
    for (int i = 0; i < k; i++) {
      struct conn *c = events[i].data.ptr;
      if (is_connect) {
        ssize_t m = recv(c->fd, in, sizeof in, 0);
        if (m < 0 && errno == EAGAIN) continue;
        done++;
        close(c->fd);
        open_one(c, 1);
        continue;
      }
      for (;;) {
        while (c->sent < size) {
          ssize_t m = send(c->fd, out, size - c->sent, MSG_NOSIGNAL);
          if (m < 0) {
            if (errno == EAGAIN || errno == EINPROGRESS) break;
            die("send");
          }
          c->sent += (size_t)m;
        }
        ssize_t m = recv(c->fd, in, sizeof in, 0);
        if (m == 0) { fprintf(stderr, "server closed\n"); return 1; }
        if (m < 0) {
          if (errno == EAGAIN) break;
          die("recv");
        }
        c->got += (size_t)m;
        if (c->got == size) {
          done++;
          c->sent = c->got = 0;
          if (is_latency && timed < MOST_TIMES) {
            int64_t t = now_ns();
            times[timed++] = t - began;
            began = t;
          }
        }
      }
    }
  }
  long long elapsed = (long long)(now_ns() - start);
  if (is_latency && timed > 0) {
    qsort(times, timed, sizeof *times, by_time);
    printf("%llu %lld %lld %lld\n", (unsigned long long)done, elapsed, (long long)times[timed / 2],
           (long long)times[timed * 99 / 100]);
    return 0;
  }
  printf("%llu %lld\n", (unsigned long long)done, elapsed);
  return 0;
}
