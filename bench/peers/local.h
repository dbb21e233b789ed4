/* One listening or connected socket of the kind that an argument names: tcp (loopback), unix, dgram or seqpacket (at a
 * path). tcp's address is a port, the others' a path. */
#ifndef BENCH_LOCAL_H
#define BENCH_LOCAL_H
#include "common.h"
#include <sys/un.h>

static inline int is_tcp(const char *kind) { return strcmp(kind, "tcp") == 0; }

static inline int open_kind(const char *kind) {
  int type = strcmp(kind, "dgram") == 0 ? SOCK_DGRAM : strcmp(kind, "seqpacket") == 0 ? SOCK_SEQPACKET : SOCK_STREAM;
  int fd = socket(is_tcp(kind) ? AF_INET : AF_UNIX, type, 0);
  if (fd < 0) die("socket");
  return fd;
}

static inline struct sockaddr_un at_path(const char *path) {
  struct sockaddr_un a = {.sun_family = AF_UNIX};
  snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
  return a;
}

/* 0 or -1 with errno, like the calls themselves. */
static inline int name_socket(int (*call)(int, const struct sockaddr *, socklen_t), int fd, const char *kind,
                              const char *where) {
  if (is_tcp(kind)) {
    struct sockaddr_in a = loopback(atoi(where));
    return call(fd, (struct sockaddr *)&a, sizeof a);
  }
  struct sockaddr_un a = at_path(where);
  return call(fd, (struct sockaddr *)&a, sizeof a);
}
#endif
