/* Shared by every file of the addon: the environment's state, handles, argument checks.
 * The contract is src/os/native.ts; README.md says how it is kept. */
#ifndef BAREWIRE_H
#define BAREWIRE_H
#define _GNU_SOURCE
#define NAPI_VERSION 8
#include <errno.h>
#include <node_api.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define SLOT_BITS 20
#define SLOT_MASK ((1u << SLOT_BITS) - 1)
#define GENERATION_MASK ((1u << 11) - 1)
#define BATCH_MAX 1024
#define ADDRESS_ROOM 128

typedef struct {
  int fd;              /* -1 when the slot is free */
  uint16_t generation;
  uint32_t watched; /* the epoll events it is registered for; 0: not registered */
  uint32_t next_free;
} bw_slot;

struct bw_loop;

/* One per Node-API environment: worker threads each have their own. */
typedef struct {
  napi_env env;
  bw_slot *slots;
  uint32_t slots_used, slots_room;
  uint32_t free_head, free_tail; /* SLOT_MASK: none */
  uint32_t open;
  int32_t *registers;
  napi_ref registers_ref;
  struct mmsghdr *messages; /* BATCH_MAX of each, made at first use */
  struct iovec *parts;
  struct bw_loop *loop;
  napi_async_cleanup_hook_handle cleanup;
} bw_state;

/* handle.c */
int32_t bw_open(bw_state *s, int fd);           /* takes fd; closes it when there is no room */
bw_slot *bw_slot_of(bw_state *s, int32_t handle); /* NULL: not ours, or closed */
int bw_fd(bw_state *s, int32_t handle);         /* -1: EBADF */
int bw_forget(bw_state *s, int32_t handle);     /* frees the slot, returns the fd, or -1 */
int bw_close_fd(int fd);

/* loop.c */
void bw_unwatch(bw_state *s, bw_slot *slot);
void bw_loop_stop(bw_state *s, void (*done)(void *), void *data);

/* Families, one file each; each appends its exports. */
napi_status bw_export_socket(napi_env env, napi_value exports);
napi_status bw_export_io(napi_env env, napi_value exports);
napi_status bw_export_descriptor(napi_env env, napi_value exports);
napi_status bw_export_poll(napi_env env, napi_value exports);
napi_status bw_export_loop(napi_env env, napi_value exports);
napi_status bw_export_ring(napi_env env, napi_value exports);
napi_status bw_define(napi_env env, napi_value exports, const char *name, napi_callback fn);

/* ---- arguments: wrong types read as "missing", and every call then answers -EINVAL, never an exception */

typedef struct {
  bw_state *state;
  size_t count;
  napi_value at[12];
} bw_args;

static inline bool bw_args_of(napi_env env, napi_callback_info info, bw_args *a) {
  a->count = 12;
  return napi_get_cb_info(env, info, &a->count, a->at, NULL, NULL) == napi_ok &&
         napi_get_instance_data(env, (void **)&a->state) == napi_ok;
}

/* Node-API's own conversions turn 1.5 into 1, NaN and 2^32 into 0: here that would be another place or another file. */
static inline bool bw_i32(napi_env env, const bw_args *a, size_t i, int32_t *out) {
  double number;
  if (i >= a->count || napi_get_value_double(env, a->at[i], &number) != napi_ok) return false;
  if (!(number >= INT32_MIN && number <= INT32_MAX)) return false;
  *out = (int32_t)number;
  return (double)*out == number;
}

static inline bool bw_u32(napi_env env, const bw_args *a, size_t i, uint32_t *out) {
  double number;
  if (i >= a->count || napi_get_value_double(env, a->at[i], &number) != napi_ok) return false;
  if (!(number >= 0 && number <= UINT32_MAX)) return false;
  *out = (uint32_t)number;
  return (double)*out == number;
}

typedef struct {
  uint8_t *data;
  size_t length;
} bw_bytes;

static inline bool bw_bytes_of(napi_env env, napi_value value, bw_bytes *out) {
  napi_typedarray_type type;
  void *data;
  if (napi_get_typedarray_info(env, value, &type, &out->length, &data, NULL, NULL) != napi_ok) return false;
  out->data = data;
  return type == napi_uint8_array || type == napi_uint8_clamped_array;
}

static inline bool bw_array(napi_env env, const bw_args *a, size_t i, bw_bytes *out) {
  return i < a->count && bw_bytes_of(env, a->at[i], out);
}

static inline bool bw_null(napi_env env, const bw_args *a, size_t i) {
  napi_valuetype type;
  if (i >= a->count) return true;
  return napi_typeof(env, a->at[i], &type) == napi_ok && (type == napi_null || type == napi_undefined);
}

/* Null and a missing argument give {NULL, 0}. */
static inline bool bw_array_or_null(napi_env env, const bw_args *a, size_t i, bw_bytes *out) {
  *out = (bw_bytes){NULL, 0};
  return bw_null(env, a, i) || bw_array(env, a, i, out);
}

static inline bool bw_ints(napi_env env, const bw_args *a, size_t i, int32_t **out, size_t *length) {
  napi_typedarray_type type;
  void *data;
  if (i >= a->count || napi_get_typedarray_info(env, a->at[i], &type, length, &data, NULL, NULL) != napi_ok) return false;
  *out = data;
  return type == napi_int32_array;
}

/* A whole number between two others. */
static inline bool bw_whole(napi_env env, const bw_args *a, size_t i, double least, double most, double *out) {
  return i < a->count && napi_get_value_double(env, a->at[i], out) == napi_ok && *out >= least && *out <= most &&
         *out == (double)(int64_t)*out;
}

/* offset and length inside an array: written so that nothing overflows */
static inline bool bw_inside(bw_bytes b, int32_t offset, int32_t length) {
  return offset >= 0 && length >= 0 && (size_t)offset <= b.length && (size_t)length <= b.length - (size_t)offset;
}

static inline napi_value bw_result(napi_env env, int64_t value) {
  napi_value out;
  if (value > INT32_MAX) value = -EOVERFLOW;
  return napi_create_int32(env, (int32_t)value, &out) == napi_ok ? out : NULL;
}

#define BW_ENTER(env, info)                                     \
  bw_args a;                                                    \
  if (!bw_args_of(env, info, &a)) return NULL;                  \
  (void)a

#define BW_REQUIRE(condition, code) \
  do {                              \
    if (!(condition)) return bw_result(env, -(code)); \
  } while (0)

/* Declares `fd` from argument 0. */
#define BW_HANDLE(env)                                  \
  int32_t handle;                                       \
  BW_REQUIRE(bw_i32(env, &a, 0, &handle), EINVAL);      \
  const int fd = bw_fd(a.state, handle);                \
  BW_REQUIRE(fd >= 0, EBADF)

/* A system call's value or -errno, again when a signal came between. */
#define BW_RETRY(value, call)                            \
  do (value) = (call);                                   \
  while ((value) < 0 && errno == EINTR)
#define BW_RETURN(value) return bw_result(env, (value) < 0 ? -errno : (value))
#endif
