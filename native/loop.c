/* Readiness: one edge-triggered epoll descriptor under one uv_poll handle.
 *
 * libuv is found with dlsym and its handles are opaque, so that one binary runs on every Node major, and loading it
 * where libuv cannot be polled is an answer (-ENOSYS) and no crash. A uv_poll per socket would not do: it stops at
 * POLLERR, which is how the error queue announces itself. */
#include "barewire.h"
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { UV_READABLE = 1 };

typedef struct {
  int (*poll_init)(void *loop, void *handle, int fd);
  int (*poll_start)(void *handle, int events, void (*callback)(void *, int, int));
  int (*poll_stop)(void *handle);
  void (*close)(void *handle, void (*callback)(void *));
  void (*ref)(void *handle);
  void (*unref)(void *handle);
  void *(*get_data)(const void *handle);
  void (*set_data)(void *handle, void *data);
  size_t (*handle_size)(int type);
  const char *(*type_name)(int type);
  unsigned (*version)(void);
} uv_calls;

typedef struct bw_loop {
  uv_calls uv;
  bw_state *state; /* NULL once the environment is going away */
  void *poll;
  int ep;
  napi_async_context context;
  napi_ref ready_ref, woken_ref, wake_ref, resource_ref;
  int32_t *ready, *woken;
  size_t ready_length, woken_length;
  struct epoll_event *events;
  void (*done)(void *);
  void *done_data;
} bw_loop;

static bool find_uv(uv_calls *uv) {
  const struct { const char *name; void **to; } rows[] = {
      {"uv_poll_init", (void **)&uv->poll_init},       {"uv_poll_start", (void **)&uv->poll_start},
      {"uv_poll_stop", (void **)&uv->poll_stop},       {"uv_close", (void **)&uv->close},
      {"uv_ref", (void **)&uv->ref},                   {"uv_unref", (void **)&uv->unref},
      {"uv_handle_get_data", (void **)&uv->get_data},  {"uv_handle_set_data", (void **)&uv->set_data},
      {"uv_handle_size", (void **)&uv->handle_size},   {"uv_handle_type_name", (void **)&uv->type_name},
      {"uv_version", (void **)&uv->version},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if ((*rows[i].to = dlsym(RTLD_DEFAULT, rows[i].name)) == NULL) return false;
  return uv->version() >> 16 == 1; /* the ABI is promised within a major version */
}

/* The number of a handle type is not part of the ABI; its name is. */
static int poll_type(const uv_calls *uv) {
  for (int type = 1; type < 64; type++) {
    const char *name = uv->type_name(type);
    if (name != NULL && strcmp(name, "poll") == 0) return type;
  }
  return -1;
}

static void on_ready(void *handle, int status, int events) {
  (void)status;
  (void)events;
  bw_loop *loop = NULL;
  /* The data is read through libuv: the handle's layout is not ours to know. */
  void *(*get_data)(const void *) = (void *(*)(const void *))dlsym(RTLD_DEFAULT, "uv_handle_get_data");
  loop = get_data(handle);
  bw_state *s = loop->state;
  if (s == NULL) return;
  int n = epoll_wait(loop->ep, loop->events, (int)loop->woken_length, 0);
  int32_t woken = 0;
  for (int i = 0; i < n; i++) {
    int32_t it = (int32_t)loop->events[i].data.u32;
    /* Closed meanwhile, or its slot is somebody else's: nobody to tell. */
    if (bw_slot_of(s, it) == NULL) continue;
    loop->ready[(uint32_t)it & SLOT_MASK] |= (int32_t)loop->events[i].events;
    loop->woken[woken++] = it;
  }
  if (woken == 0) return;
  napi_env env = s->env;
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  napi_value wake, resource, argument, result, error;
  bool pending = false;
  /* napi_make_callback runs the microtasks afterwards, as after any callback of the event loop. */
  if (napi_get_reference_value(env, loop->wake_ref, &wake) == napi_ok &&
      napi_get_reference_value(env, loop->resource_ref, &resource) == napi_ok &&
      napi_create_int32(env, woken, &argument) == napi_ok)
    napi_make_callback(env, loop->context, resource, wake, 1, &argument, &result);
  if (napi_is_exception_pending(env, &pending) == napi_ok && pending &&
      napi_get_and_clear_last_exception(env, &error) == napi_ok)
    napi_fatal_exception(env, error);
  napi_close_handle_scope(env, scope);
}

static void free_loop(bw_loop *loop) {
  if (loop->ep >= 0) close(loop->ep);
  void (*done)(void *) = loop->done;
  void *data = loop->done_data;
  free(loop->events);
  free(loop->poll);
  free(loop);
  if (done != NULL) done(data);
}

static void on_closed(void *handle) {
  void *(*get_data)(const void *) = (void *(*)(const void *))dlsym(RTLD_DEFAULT, "uv_handle_get_data");
  free_loop(get_data(handle));
}

static void drop_references(napi_env env, bw_loop *loop) {
  if (loop->ready_ref != NULL) napi_delete_reference(env, loop->ready_ref);
  if (loop->woken_ref != NULL) napi_delete_reference(env, loop->woken_ref);
  if (loop->wake_ref != NULL) napi_delete_reference(env, loop->wake_ref);
  if (loop->resource_ref != NULL) napi_delete_reference(env, loop->resource_ref);
  if (loop->context != NULL) napi_async_destroy(env, loop->context);
  loop->ready_ref = loop->woken_ref = loop->wake_ref = loop->resource_ref = NULL;
  loop->context = NULL;
}

void bw_loop_stop(bw_state *s, void (*done)(void *), void *data) {
  bw_loop *loop = s->loop;
  if (loop == NULL) {
    if (done != NULL) done(data);
    return;
  }
  for (uint32_t i = 0; i < s->slots_used; i++) s->slots[i].watched = 0;
  s->loop = NULL;
  loop->state = NULL;
  loop->done = done;
  loop->done_data = data;
  drop_references(s->env, loop);
  loop->uv.poll_stop(loop->poll);
  loop->uv.close(loop->poll, on_closed);
}

void bw_unwatch(bw_state *s, bw_slot *slot) {
  /* Closing drops a registration only when no copy of the descriptor is left (epoll(7), question 6): say it. */
  if (slot->watched != 0 && s->loop != NULL) epoll_ctl(s->loop->ep, EPOLL_CTL_DEL, slot->fd, NULL);
  slot->watched = 0;
}

static int make(napi_env env, bw_state *s, const bw_args *a, bw_loop *loop) {
  if (!find_uv(&loop->uv)) return -ENOSYS;
  int type = poll_type(&loop->uv);
  struct uv_loop_s *uv_loop;
  if (type < 0 || napi_get_uv_event_loop(env, &uv_loop) != napi_ok) return -ENOSYS;
  loop->poll = calloc(1, loop->uv.handle_size(type));
  loop->events = calloc(loop->woken_length, sizeof *loop->events);
  if (loop->poll == NULL || loop->events == NULL) return -ENOMEM;
  napi_value name, resource;
  if (napi_create_string_utf8(env, "barewire", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_object(env, &resource) != napi_ok ||
      napi_create_reference(env, resource, 1, &loop->resource_ref) != napi_ok ||
      napi_async_init(env, resource, name, &loop->context) != napi_ok ||
      napi_create_reference(env, a->at[0], 1, &loop->ready_ref) != napi_ok ||
      napi_create_reference(env, a->at[1], 1, &loop->woken_ref) != napi_ok ||
      napi_create_reference(env, a->at[2], 1, &loop->wake_ref) != napi_ok)
    return -ENOMEM;
  if ((loop->ep = epoll_create1(EPOLL_CLOEXEC)) < 0) return -errno;
  int failed = loop->uv.poll_init(uv_loop, loop->poll, loop->ep);
  if (failed != 0) return failed; /* libuv's errors are -errno on Linux */
  loop->state = s;
  loop->uv.set_data(loop->poll, loop);
  s->loop = loop;
  return 0;
}

static napi_value bw_loop_start(napi_env env, napi_callback_info info) {
  BW_ENTER(env, info);
  int32_t *ready, *woken;
  size_t ready_length, woken_length;
  napi_valuetype type;
  BW_REQUIRE(bw_ints(env, &a, 0, &ready, &ready_length) && bw_ints(env, &a, 1, &woken, &woken_length) && a.count > 2 &&
                 napi_typeof(env, a.at[2], &type) == napi_ok && type == napi_function && woken_length > 0,
             EINVAL);
  BW_REQUIRE(a.state->loop == NULL, EALREADY);
  bw_loop *loop = calloc(1, sizeof *loop);
  BW_REQUIRE(loop != NULL, ENOMEM);
  loop->ep = -1;
  loop->ready = ready;
  loop->woken = woken;
  loop->ready_length = ready_length;
  loop->woken_length = woken_length;
  int result = make(env, a.state, &a, loop);
  if (result < 0) {
    drop_references(env, loop);
    free_loop(loop);
    return bw_result(env, result);
  }
  result = loop->uv.poll_start(loop->poll, UV_READABLE, on_ready);
  /* The handle is libuv's from poll_init on: it is freed when libuv has closed it. */
  if (result != 0) bw_loop_stop(a.state, NULL, NULL);
  else loop->uv.unref(loop->poll);
  return bw_result(env, result);
}

static napi_value bw_loop_stop_call(napi_env env, napi_callback_info info) {
  BW_ENTER(env, info);
  bw_loop_stop(a.state, NULL, NULL);
  return bw_result(env, 0);
}

static napi_value bw_loop_ref(napi_env env, napi_callback_info info) {
  BW_ENTER(env, info);
  int32_t wanted;
  BW_REQUIRE(bw_i32(env, &a, 0, &wanted), EINVAL);
  bw_loop *loop = a.state->loop;
  BW_REQUIRE(loop != NULL, ENOENT);
  if (wanted) loop->uv.ref(loop->poll);
  else loop->uv.unref(loop->poll);
  return bw_result(env, 0);
}

static napi_value bw_watch(napi_env env, napi_callback_info info) {
  BW_ENTER(env, info);
  int32_t handle, wanted;
  BW_REQUIRE(bw_i32(env, &a, 0, &handle) && bw_i32(env, &a, 1, &wanted), EINVAL);
  BW_REQUIRE((wanted & ~(EPOLLIN | EPOLLPRI | EPOLLOUT)) == 0, EINVAL);
  bw_slot *slot = bw_slot_of(a.state, handle);
  BW_REQUIRE(slot != NULL, EBADF);
  bw_loop *loop = a.state->loop;
  BW_REQUIRE(loop != NULL, ENOENT);
  BW_REQUIRE(((uint32_t)handle & SLOT_MASK) < loop->ready_length, ENOSPC);
  uint32_t events = slot->watched | (uint32_t)wanted | EPOLLRDHUP | EPOLLET;
  if (events == slot->watched) return bw_result(env, 0);
  struct epoll_event event = {.events = events, .data.u32 = (uint32_t)handle};
  /* Adding a direction later loses nothing: EPOLL_CTL_MOD reports what is ready at that moment (epoll_ctl(2)). */
  int operation = slot->watched == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  if (epoll_ctl(loop->ep, operation, slot->fd, &event) < 0) return bw_result(env, -errno);
  if (slot->watched == 0) loop->ready[(uint32_t)handle & SLOT_MASK] = 0;
  slot->watched = events;
  return bw_result(env, 0);
}

napi_status bw_export_loop(napi_env env, napi_value exports) {
  const struct { const char *name; napi_callback fn; } rows[] = {
      {"loopStart", bw_loop_start}, {"loopStop", bw_loop_stop_call}, {"loopRef", bw_loop_ref}, {"watch", bw_watch}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    napi_status status = bw_define(env, exports, rows[i].name, rows[i].fn);
    if (status != napi_ok) return status;
  }
  return napi_ok;
}
