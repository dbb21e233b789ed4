/* poll(2), for the sync forms: blocks this thread, so EINTR is retried with the time that remains. */
#include "barewire.h"
#include <poll.h>
#include <stdlib.h>
#include <time.h>

#define POLL_MAX 1024

static int64_t now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static napi_value bw_poll(napi_env env, napi_callback_info info) {
  BW_ENTER(env, info);
  int32_t *handles, *events, *revents, timeout;
  size_t count, events_room, revents_room;
  BW_REQUIRE(bw_ints(env, &a, 0, &handles, &count) && bw_ints(env, &a, 1, &events, &events_room) &&
                 bw_ints(env, &a, 2, &revents, &revents_room) && bw_i32(env, &a, 3, &timeout),
             EINVAL);
  BW_REQUIRE(count <= POLL_MAX, EINVAL);
  BW_REQUIRE(events_room >= count && revents_room >= count, EFAULT);
  struct pollfd fds[POLL_MAX];
  for (size_t i = 0; i < count; i++) {
    int fd = bw_fd(a.state, handles[i]);
    BW_REQUIRE(fd >= 0, EBADF);
    fds[i] = (struct pollfd){.fd = fd, .events = (short)events[i]};
  }
  int64_t end = timeout < 0 ? 0 : now_ms() + timeout;
  int n;
  while ((n = poll(fds, count, timeout)) < 0 && errno == EINTR) {
    if (timeout < 0) continue;
    int64_t left = end - now_ms();
    timeout = left < 0 ? 0 : (int32_t)left;
  }
  if (n < 0) return bw_result(env, -errno);
  for (size_t i = 0; i < count; i++) revents[i] = fds[i].revents;
  return bw_result(env, n);
}

napi_status bw_export_poll(napi_env env, napi_value exports) { return bw_define(env, exports, "poll", bw_poll); }
