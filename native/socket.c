/* socket(2) and the calls that name, connect and set up. */
#include "barewire.h"

#define FILTER_INSTRUCTION 8 /* sizeof(struct sock_filter) */

static napi_value bw_socket(napi_env env, napi_callback_info info) {
  BW_ENTER(env, info);
  int32_t domain, type, protocol;
  BW_REQUIRE(bw_i32(env, &a, 0, &domain) && bw_i32(env, &a, 1, &type) && bw_i32(env, &a, 2, &protocol), EINVAL);
  int fd = socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
  if (fd < 0) return bw_result(env, -errno);
  return bw_result(env, bw_open(a.state, fd));
}

static napi_value bw_socketpair(napi_env env, napi_callback_info info) {
  BW_ENTER(env, info);
  int32_t domain, type, protocol, *pair;
  size_t room;
  BW_REQUIRE(bw_i32(env, &a, 0, &domain) && bw_i32(env, &a, 1, &type) && bw_i32(env, &a, 2, &protocol) &&
                 bw_ints(env, &a, 3, &pair, &room),
             EINVAL);
  BW_REQUIRE(room >= 2, EFAULT);
  int fds[2];
  if (socketpair(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol, fds) < 0) return bw_result(env, -errno);
  int32_t first = bw_open(a.state, fds[0]), second = bw_open(a.state, fds[1]);
  if (first < 0 || second < 0) {
    if (first >= 0) bw_close_fd(bw_forget(a.state, first));
    if (second >= 0) bw_close_fd(bw_forget(a.state, second));
    return bw_result(env, -EMFILE);
  }
  pair[0] = first;
  pair[1] = second;
  return bw_result(env, 0);
}

/* Arguments 1 and 2 as an address. */
static bool address_in(napi_env env, const bw_args *a, bw_bytes *address, int32_t *length) {
  return bw_array(env, a, 1, address) && bw_i32(env, a, 2, length);
}

static napi_value bw_bind(napi_env env, napi_callback_info info) {
  BW_ENTER(env, info);
  BW_HANDLE(env);
  bw_bytes address;
  int32_t length;
  BW_REQUIRE(address_in(env, &a, &address, &length), EINVAL);
  BW_REQUIRE(bw_inside(address, 0, length), EFAULT);
  int n = bind(fd, (struct sockaddr *)address.data, (socklen_t)length);
  BW_RETURN(n);
}

static napi_value bw_connect(napi_env env, napi_callback_info info) {
  BW_ENTER(env, info);
  BW_HANDLE(env);
  bw_bytes address;
  int32_t length;
  BW_REQUIRE(address_in(env, &a, &address, &length), EINVAL);
  BW_REQUIRE(bw_inside(address, 0, length), EFAULT);
  int n = connect(fd, (struct sockaddr *)address.data, (socklen_t)length);
  /* A connect that a signal interrupted goes on by itself (connect(2)): calling it again would say EALREADY. */
  if (n < 0 && errno == EINTR) errno = EINPROGRESS;
  BW_RETURN(n);
}

static napi_value bw_listen(napi_env env, napi_callback_info info) {
  BW_ENTER(env, info);
  BW_HANDLE(env);
  int32_t backlog;
  BW_REQUIRE(bw_i32(env, &a, 1, &backlog), EINVAL);
  int n = listen(fd, backlog);
  BW_RETURN(n);
}

static napi_value bw_accept(napi_env env, napi_callback_info info) {
  BW_ENTER(env, info);
  BW_HANDLE(env);
  bw_bytes address;
  BW_REQUIRE(bw_array_or_null(env, &a, 1, &address), EINVAL);
  socklen_t length = (socklen_t)address.length;
  int n;
  BW_RETRY(n, accept4(fd, (struct sockaddr *)address.data, address.data == NULL ? NULL : &length,
                      SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (n < 0) return bw_result(env, -errno);
  a.state->registers[0] = (int32_t)length;
  return bw_result(env, bw_open(a.state, n));
}

typedef int (*name_call)(int, struct sockaddr *, socklen_t *);

static napi_value name_of(napi_env env, napi_callback_info info, name_call call) {
  BW_ENTER(env, info);
  BW_HANDLE(env);
  bw_bytes address;
  BW_REQUIRE(bw_array(env, &a, 1, &address), EINVAL);
  socklen_t length = (socklen_t)address.length;
  if (call(fd, (struct sockaddr *)address.data, &length) < 0) return bw_result(env, -errno);
  a.state->registers[0] = (int32_t)length;
  return bw_result(env, length);
}

static int sockname(int fd, struct sockaddr *address, socklen_t *length) { return getsockname(fd, address, length); }
static int peername(int fd, struct sockaddr *address, socklen_t *length) { return getpeername(fd, address, length); }

static napi_value bw_getsockname(napi_env env, napi_callback_info info) { return name_of(env, info, sockname); }
static napi_value bw_getpeername(napi_env env, napi_callback_info info) { return name_of(env, info, peername); }

static napi_value bw_shutdown(napi_env env, napi_callback_info info) {
  BW_ENTER(env, info);
  BW_HANDLE(env);
  int32_t how;
  BW_REQUIRE(bw_i32(env, &a, 1, &how), EINVAL);
  int n = shutdown(fd, how);
  BW_RETURN(n);
}

static napi_value bw_getsockopt(napi_env env, napi_callback_info info) {
  BW_ENTER(env, info);
  BW_HANDLE(env);
  int32_t level, option, room;
  bw_bytes value;
  BW_REQUIRE(bw_i32(env, &a, 1, &level) && bw_i32(env, &a, 2, &option) && bw_array(env, &a, 3, &value) &&
                 bw_i32(env, &a, 4, &room),
             EINVAL);
  BW_REQUIRE(bw_inside(value, 0, room), EFAULT);
  /* SO_GET_FILTER counts instructions, not bytes (sk_get_filter in net/core/filter.c): it would write past the array. */
  const bool counts_instructions = level == SOL_SOCKET && option == SO_GET_FILTER;
  BW_REQUIRE(!counts_instructions || (size_t)room <= value.length / FILTER_INSTRUCTION, EFAULT);
  socklen_t length = (socklen_t)room;
  if (getsockopt(fd, level, option, value.data, &length) < 0) return bw_result(env, -errno);
  return bw_result(env, length);
}

static napi_value bw_setsockopt(napi_env env, napi_callback_info info) {
  BW_ENTER(env, info);
  BW_HANDLE(env);
  int32_t level, option, length, at = 0;
  bw_bytes value, pointee;
  BW_REQUIRE(bw_i32(env, &a, 1, &level) && bw_i32(env, &a, 2, &option) && bw_array(env, &a, 3, &value) &&
                 bw_i32(env, &a, 4, &length) && bw_array_or_null(env, &a, 6, &pointee),
             EINVAL);
  BW_REQUIRE(bw_inside(value, 0, length), EFAULT);
  if (pointee.data != NULL) {
    BW_REQUIRE(bw_i32(env, &a, 5, &at), EINVAL);
    BW_REQUIRE(bw_inside(value, at, (int32_t)sizeof(void *)), EFAULT);
    memcpy(value.data + at, &pointee.data, sizeof(void *));
  }
  int n = setsockopt(fd, level, option, value.data, (socklen_t)length);
  int error = errno;
  /* An address must not outlive the call in memory that JavaScript can read. */
  if (pointee.data != NULL) memset(value.data + at, 0, sizeof(void *));
  errno = error;
  BW_RETURN(n);
}

napi_status bw_export_socket(napi_env env, napi_value exports) {
  const struct { const char *name; napi_callback fn; } rows[] = {
      {"socket", bw_socket},           {"socketpair", bw_socketpair},   {"bind", bw_bind},
      {"connect", bw_connect},         {"listen", bw_listen},           {"accept", bw_accept},
      {"getsockname", bw_getsockname}, {"getpeername", bw_getpeername}, {"shutdown", bw_shutdown},
      {"getsockopt", bw_getsockopt},   {"setsockopt", bw_setsockopt},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    napi_status status = bw_define(env, exports, rows[i].name, rows[i].fn);
    if (status != napi_ok) return status;
  }
  return napi_ok;
}
