/* Descriptors as such: open, close, hand over, ioctl(2), and the namespaces of the calling thread. */
#include "barewire.h"
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static napi_value bw_close(napi_env env, napi_callback_info info) {
  BW_ENTER(env, info);
  int32_t handle;
  BW_REQUIRE(bw_i32(env, &a, 0, &handle), EINVAL);
  int fd = bw_forget(a.state, handle);
  BW_REQUIRE(fd >= 0, EBADF);
  return bw_result(env, bw_close_fd(fd));
}

static napi_value bw_detach(napi_env env, napi_callback_info info) {
  BW_ENTER(env, info);
  int32_t handle;
  BW_REQUIRE(bw_i32(env, &a, 0, &handle), EINVAL);
  int fd = bw_forget(a.state, handle);
  BW_REQUIRE(fd >= 0, EBADF);
  return bw_result(env, fd);
}

static napi_value bw_adopt(napi_env env, napi_callback_info info) {
  BW_ENTER(env, info);
  double number;
  BW_REQUIRE(bw_whole(env, &a, 0, 0, INT_MAX, &number), EINVAL);
  const int fd = (int)number;
  /* O_NONBLOCK belongs to the open file, which others may share: FD_CLOEXEC is ours alone. */
  bool shared = false;
  BW_REQUIRE(bw_null(env, &a, 1) || napi_get_value_bool(env, a.at[1], &shared) == napi_ok, EINVAL);
  int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || (!shared && fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
    return bw_result(env, -errno);
  return bw_result(env, bw_open(a.state, fd));
}

static napi_value bw_fd_of(napi_env env, napi_callback_info info) {
  BW_ENTER(env, info);
  BW_HANDLE(env);
  return bw_result(env, fd);
}

static napi_value bw_dup(napi_env env, napi_callback_info info) {
  BW_ENTER(env, info);
  BW_HANDLE(env);
  int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return bw_result(env, -errno);
  return bw_result(env, bw_open(a.state, copy));
}

static napi_value bw_open_handles(napi_env env, napi_callback_info info) {
  BW_ENTER(env, info);
  return bw_result(env, a.state->open);
}

static napi_value bw_open_path(napi_env env, napi_callback_info info) {
  BW_ENTER(env, info);
  char path[PATH_MAX];
  size_t length;
  int32_t flags;
  BW_REQUIRE(a.count > 0 && napi_get_value_string_utf8(env, a.at[0], path, sizeof path, &length) == napi_ok &&
                 bw_i32(env, &a, 1, &flags),
             EINVAL);
  BW_REQUIRE(length < sizeof path - 1, ENAMETOOLONG);
  BW_REQUIRE(strlen(path) == length, EINVAL); /* a NUL inside would name another file */
  int fd;
  BW_RETRY(fd, open(path, flags | O_NONBLOCK | O_CLOEXEC, 0666));
  if (fd < 0) return bw_result(env, -errno);
  return bw_result(env, bw_open(a.state, fd));
}

static napi_value bw_ioctl(napi_env env, napi_callback_info info) {
  BW_ENTER(env, info);
  BW_HANDLE(env);
  uint32_t request;
  int32_t at = 0;
  bw_bytes argument, pointee;
  BW_REQUIRE(bw_u32(env, &a, 1, &request) && bw_array_or_null(env, &a, 2, &argument) &&
                 bw_array_or_null(env, &a, 4, &pointee),
             EINVAL);
  /* The size that the request's number carries (_IOC_SIZE) must be there; old requests carry none: take an ifreq's. */
  size_t need = (request >> 16) & 0x3fff;
  if (need == 0) need = (request & 0xff00) == 0x8900 ? 40 : sizeof(int);
  BW_REQUIRE(argument.data == NULL || argument.length >= need, EFAULT);
  if (pointee.data != NULL) {
    BW_REQUIRE(bw_i32(env, &a, 3, &at), EINVAL);
    BW_REQUIRE(bw_inside(argument, at, (int32_t)sizeof(void *)), EFAULT);
    memcpy(argument.data + at, &pointee.data, sizeof(void *));
  }
  int n;
  BW_RETRY(n, ioctl(fd, request, argument.data));
  int error = errno;
  if (pointee.data != NULL) memset(argument.data + at, 0, sizeof(void *));
  errno = error;
  BW_RETURN(n);
}

/* Commands whose argument is a number; those that take a pointer are refused, for it would be one of JavaScript's choice. */
static napi_value bw_fcntl(napi_env env, napi_callback_info info) {
  BW_ENTER(env, info);
  BW_HANDLE(env);
  int32_t command, argument;
  BW_REQUIRE(bw_i32(env, &a, 1, &command) && bw_i32(env, &a, 2, &argument), EINVAL);
  switch (command) {
    case F_GETFD: case F_GETFL: case F_GETOWN: case F_GETSIG: case F_GETPIPE_SZ: case F_GET_SEALS: case F_GETLEASE:
    case F_SETFL: case F_SETOWN: case F_SETSIG: case F_SETPIPE_SZ: {
      int n = fcntl(fd, command, argument);
      BW_RETURN(n);
    }
    default: return bw_result(env, -EINVAL);
  }
}

static napi_value bw_pipe(napi_env env, napi_callback_info info) {
  BW_ENTER(env, info);
  int32_t *pair;
  size_t length;
  BW_REQUIRE(bw_ints(env, &a, 0, &pair, &length) && length >= 2, EINVAL);
  int fds[2];
  if (pipe2(fds, O_NONBLOCK | O_CLOEXEC) < 0) return bw_result(env, -errno);
  int32_t reader = bw_open(a.state, fds[0]);
  int32_t writer = reader < 0 ? (bw_close_fd(fds[1]), reader) : bw_open(a.state, fds[1]);
  if (writer < 0) {
    if (reader >= 0) bw_close_fd(bw_forget(a.state, reader));
    return bw_result(env, writer);
  }
  pair[0] = reader;
  pair[1] = writer;
  return bw_result(env, 0);
}

static napi_value bw_pidfd_open(napi_env env, napi_callback_info info) {
  BW_ENTER(env, info);
  double pid;
  BW_REQUIRE(bw_whole(env, &a, 0, 1, INT_MAX, &pid), EINVAL);
  int fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
  if (fd < 0) return bw_result(env, -errno);
  return bw_result(env, bw_open(a.state, fd));
}

static napi_value bw_setns(napi_env env, napi_callback_info info) {
  BW_ENTER(env, info);
  int32_t fd, type;
  BW_REQUIRE(bw_i32(env, &a, 0, &fd) && bw_i32(env, &a, 1, &type), EINVAL);
  int n = setns(fd, type);
  BW_RETURN(n);
}

static napi_value bw_unshare(napi_env env, napi_callback_info info) {
  BW_ENTER(env, info);
  int32_t flags;
  BW_REQUIRE(bw_i32(env, &a, 0, &flags), EINVAL);
  int n = unshare(flags);
  BW_RETURN(n);
}

napi_status bw_export_descriptor(napi_env env, napi_value exports) {
  const struct { const char *name; napi_callback fn; } rows[] = {
      {"close", bw_close}, {"adopt", bw_adopt}, {"detach", bw_detach},        {"fd", bw_fd_of},
      {"dup", bw_dup},     {"open", bw_open_path}, {"openHandles", bw_open_handles}, {"ioctl", bw_ioctl},
      {"fcntl", bw_fcntl}, {"pipe", bw_pipe}, {"pidfdOpen", bw_pidfd_open},
      {"setns", bw_setns}, {"unshare", bw_unshare},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    napi_status status = bw_define(env, exports, rows[i].name, rows[i].fn);
    if (status != napi_ok) return status;
  }
  return napi_ok;
}
