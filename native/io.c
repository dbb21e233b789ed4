/* Input and output. The arrays belong to JavaScript and are borrowed for the time of the call: no reference is needed,
 * for nothing can run between the lookup of the address and the return. */
#include "barewire.h"
#include <limits.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <unistd.h>

#define PARTS_MAX 1024 /* IOV_MAX */

/* Arguments 1 to 3: array, offset, length. Declares `bytes`, `offset`, `length`. */
#define BYTES_ARGUMENT()                                                                                       \
  bw_bytes bytes;                                                                                              \
  int32_t offset, length;                                                                                      \
  BW_REQUIRE(bw_array(env, &a, 1, &bytes) && bw_i32(env, &a, 2, &offset) && bw_i32(env, &a, 3, &length), EINVAL); \
  BW_REQUIRE(bw_inside(bytes, offset, length), EFAULT)

#define FLAGS_ARGUMENT(index)                              \
  int32_t flags;                                           \
  BW_REQUIRE(bw_i32(env, &a, index, &flags), EINVAL)

static napi_value bw_recv(napi_env env, napi_callback_info info) {
  BW_ENTER(env, info);
  BW_HANDLE(env);
  BYTES_ARGUMENT();
  FLAGS_ARGUMENT(4);
  ssize_t n;
  BW_RETRY(n, recv(fd, bytes.data + offset, (size_t)length, flags));
  BW_RETURN(n);
}

static napi_value bw_send(napi_env env, napi_callback_info info) {
  BW_ENTER(env, info);
  BW_HANDLE(env);
  BYTES_ARGUMENT();
  FLAGS_ARGUMENT(4);
  ssize_t n;
  BW_RETRY(n, send(fd, bytes.data + offset, (size_t)length, flags));
  BW_RETURN(n);
}

static napi_value bw_recvfrom(napi_env env, napi_callback_info info) {
  BW_ENTER(env, info);
  BW_HANDLE(env);
  BYTES_ARGUMENT();
  FLAGS_ARGUMENT(4);
  bw_bytes address;
  BW_REQUIRE(bw_array(env, &a, 5, &address), EINVAL);
  socklen_t room = (socklen_t)address.length;
  ssize_t n;
  BW_RETRY(n, recvfrom(fd, bytes.data + offset, (size_t)length, flags, (struct sockaddr *)address.data, &room));
  if (n >= 0) a.state->registers[0] = (int32_t)room;
  BW_RETURN(n);
}

static napi_value bw_sendto(napi_env env, napi_callback_info info) {
  BW_ENTER(env, info);
  BW_HANDLE(env);
  BYTES_ARGUMENT();
  FLAGS_ARGUMENT(4);
  bw_bytes address;
  int32_t address_length;
  BW_REQUIRE(bw_array(env, &a, 5, &address) && bw_i32(env, &a, 6, &address_length), EINVAL);
  BW_REQUIRE(bw_inside(address, 0, address_length), EFAULT);
  ssize_t n;
  BW_RETRY(n, sendto(fd, bytes.data + offset, (size_t)length, flags, (struct sockaddr *)address.data,
                     (socklen_t)address_length));
  BW_RETURN(n);
}

static napi_value bw_read(napi_env env, napi_callback_info info) {
  BW_ENTER(env, info);
  BW_HANDLE(env);
  BYTES_ARGUMENT();
  ssize_t n;
  BW_RETRY(n, read(fd, bytes.data + offset, (size_t)length));
  BW_RETURN(n);
}

static napi_value bw_write(napi_env env, napi_callback_info info) {
  BW_ENTER(env, info);
  BW_HANDLE(env);
  BYTES_ARGUMENT();
  ssize_t n;
  BW_RETRY(n, write(fd, bytes.data + offset, (size_t)length));
  BW_RETURN(n);
}

/* A JavaScript array of Uint8Arrays as an iovec array: 0, or the errno.
 *
 * All elements are fetched before the address of any is taken, and callers look up addresses and descriptors of other
 * arguments after this: an element may be a getter, that is, JavaScript that can take a buffer away or close a handle. */
static int parts_of(napi_env env, const bw_args *a, size_t index, struct iovec *parts, uint32_t *count) {
  bool is_array;
  napi_value items[PARTS_MAX];
  if (index >= a->count || napi_is_array(env, a->at[index], &is_array) != napi_ok || !is_array) return EINVAL;
  if (napi_get_array_length(env, a->at[index], count) != napi_ok || *count > PARTS_MAX) return EINVAL;
  for (uint32_t i = 0; i < *count; i++)
    if (napi_get_element(env, a->at[index], i, &items[i]) != napi_ok) return EINVAL;
  for (uint32_t i = 0; i < *count; i++) {
    bw_bytes bytes;
    if (!bw_bytes_of(env, items[i], &bytes)) return EINVAL;
    parts[i] = (struct iovec){bytes.data, bytes.length};
  }
  return 0;
}

/* Arguments 0 and 1: declares `parts`, `count` and then, when no JavaScript can run any more, `fd`. */
#define PARTS_AND_HANDLE()                             \
  struct iovec parts[PARTS_MAX];                       \
  uint32_t count;                                      \
  int bad = parts_of(env, &a, 1, parts, &count);       \
  BW_REQUIRE(bad == 0, bad);                           \
  BW_HANDLE(env)

static napi_value vector_io(napi_env env, napi_callback_info info, ssize_t (*call)(int, const struct iovec *, int)) {
  BW_ENTER(env, info);
  PARTS_AND_HANDLE();
  ssize_t n;
  BW_RETRY(n, call(fd, parts, (int)count));
  BW_RETURN(n);
}

static napi_value bw_readv(napi_env env, napi_callback_info info) { return vector_io(env, info, readv); }
static napi_value bw_writev(napi_env env, napi_callback_info info) { return vector_io(env, info, writev); }

static napi_value bw_recvmsg(napi_env env, napi_callback_info info) {
  BW_ENTER(env, info);
  PARTS_AND_HANDLE();
  bw_bytes address, control;
  BW_REQUIRE(bw_array_or_null(env, &a, 2, &address) && bw_array_or_null(env, &a, 3, &control), EINVAL);
  FLAGS_ARGUMENT(4);
  struct msghdr message = {
      .msg_name = address.data, .msg_namelen = (socklen_t)address.length,
      .msg_iov = parts, .msg_iovlen = count,
      .msg_control = control.data, .msg_controllen = control.length,
  };
  ssize_t n;
  BW_RETRY(n, recvmsg(fd, &message, flags));
  if (n >= 0) {
    a.state->registers[0] = (int32_t)message.msg_namelen;
    a.state->registers[1] = message.msg_flags;
    a.state->registers[2] = (int32_t)message.msg_controllen;
  }
  BW_RETURN(n);
}

static napi_value bw_sendmsg(napi_env env, napi_callback_info info) {
  BW_ENTER(env, info);
  PARTS_AND_HANDLE();
  bw_bytes address, control;
  int32_t address_length, control_length;
  BW_REQUIRE(bw_array_or_null(env, &a, 2, &address) && bw_i32(env, &a, 3, &address_length) &&
                 bw_array_or_null(env, &a, 4, &control) && bw_i32(env, &a, 5, &control_length),
             EINVAL);
  FLAGS_ARGUMENT(6);
  BW_REQUIRE(bw_inside(address, 0, address_length) && bw_inside(control, 0, control_length), EFAULT);
  struct msghdr message = {
      .msg_name = address_length == 0 ? NULL : address.data, .msg_namelen = (socklen_t)address_length,
      .msg_iov = parts, .msg_iovlen = count,
      .msg_control = control_length == 0 ? NULL : control.data, .msg_controllen = (size_t)control_length,
  };
  ssize_t n;
  BW_RETRY(n, sendmsg(fd, &message, flags));
  BW_RETURN(n);
}

/* ---- from descriptor to descriptor */

#define OFFSET_MOST 9007199254740991.0 /* Number.MAX_SAFE_INTEGER */

/* (to, from, offset or -1 for the file's own position, length) */
static napi_value bw_sendfile(napi_env env, napi_callback_info info) {
  BW_ENTER(env, info);
  BW_HANDLE(env);
  int32_t from_handle, length;
  double at;
  BW_REQUIRE(bw_i32(env, &a, 1, &from_handle) && bw_whole(env, &a, 2, -1, OFFSET_MOST, &at) && bw_i32(env, &a, 3, &length),
             EINVAL);
  BW_REQUIRE(length >= 0, EINVAL);
  const int from = bw_fd(a.state, from_handle);
  BW_REQUIRE(from >= 0, EBADF);
  off_t offset = (off_t)at;
  ssize_t n;
  BW_RETRY(n, sendfile(fd, from, at < 0 ? NULL : &offset, (size_t)length));
  BW_RETURN(n);
}

/* (from, to, length, flags): one of the two is a pipe. */
static napi_value bw_splice(napi_env env, napi_callback_info info) {
  BW_ENTER(env, info);
  BW_HANDLE(env);
  int32_t to_handle, length, flags;
  BW_REQUIRE(bw_i32(env, &a, 1, &to_handle) && bw_i32(env, &a, 2, &length) && bw_i32(env, &a, 3, &flags), EINVAL);
  BW_REQUIRE(length >= 0, EINVAL);
  const int to = bw_fd(a.state, to_handle);
  BW_REQUIRE(to >= 0, EBADF);
  ssize_t n;
  BW_RETRY(n, splice(fd, NULL, to, NULL, (size_t)length, (unsigned)flags));
  BW_RETURN(n);
}

/* ---- batches */

typedef struct {
  bw_bytes slab, addresses, controls;
  int32_t *lengths, *address_lengths, *control_lengths;
  size_t lengths_room, address_lengths_room, control_lengths_room;
  int32_t control_stride;
} batch;

/* Room for BATCH_MAX messages, kept for the environment's life: rebuilding them per call shows in the figures. */
static bool batch_room(bw_state *s) {
  if (s->messages == NULL) s->messages = calloc(BATCH_MAX, sizeof *s->messages);
  if (s->parts == NULL) s->parts = calloc(BATCH_MAX, sizeof *s->parts);
  return s->messages != NULL && s->parts != NULL;
}

/* The optional pair (addresses, address lengths) at arguments `i` and `i + 1`. */
static bool batch_addresses(napi_env env, const bw_args *a, size_t i, batch *b) {
  b->address_lengths = NULL;
  b->address_lengths_room = 0;
  if (!bw_array_or_null(env, a, i, &b->addresses)) return false;
  if (b->addresses.data == NULL) return true;
  return bw_ints(env, a, i + 1, &b->address_lengths, &b->address_lengths_room);
}

/* The optional triple (control data, its stride, its lengths) from argument `i` on. */
static bool batch_controls(napi_env env, const bw_args *a, size_t i, batch *b) {
  b->control_stride = 0;
  b->control_lengths = NULL;
  b->control_lengths_room = 0;
  if (!bw_array_or_null(env, a, i, &b->controls)) return false;
  if (b->controls.data == NULL) return true;
  return bw_i32(env, a, i + 1, &b->control_stride) && bw_ints(env, a, i + 2, &b->control_lengths, &b->control_lengths_room);
}

static bool batch_fits(const batch *b, int32_t stride, int32_t first, int32_t count) {
  if (stride < 0 || first < 0 || count < 0 || count > BATCH_MAX) return false;
  uint64_t end = (uint64_t)first + (uint64_t)count;
  if (end > b->lengths_room) return false;
  if (b->addresses.data != NULL && (end * ADDRESS_ROOM > b->addresses.length || end > b->address_lengths_room)) return false;
  if (b->controls.data == NULL) return true;
  return b->control_stride >= 0 && end * (uint64_t)b->control_stride <= b->controls.length && end <= b->control_lengths_room;
}

static napi_value bw_recvmmsg(napi_env env, napi_callback_info info) {
  BW_ENTER(env, info);
  BW_HANDLE(env);
  batch b;
  int32_t stride, count, *flags_out;
  size_t flags_room;
  BW_REQUIRE(bw_array(env, &a, 1, &b.slab) && bw_i32(env, &a, 2, &stride) && bw_i32(env, &a, 3, &count) &&
                 bw_ints(env, &a, 4, &b.lengths, &b.lengths_room) && bw_ints(env, &a, 5, &flags_out, &flags_room) &&
                 batch_addresses(env, &a, 6, &b) && batch_controls(env, &a, 9, &b),
             EINVAL);
  FLAGS_ARGUMENT(8);
  BW_REQUIRE(batch_fits(&b, stride, 0, count) && (size_t)count <= flags_room &&
                 (uint64_t)count * (uint64_t)stride <= b.slab.length,
             EFAULT);
  BW_REQUIRE(batch_room(a.state), ENOMEM);
  struct mmsghdr *messages = a.state->messages;
  struct iovec *parts = a.state->parts;
  for (int32_t i = 0; i < count; i++) {
    parts[i] = (struct iovec){b.slab.data + (size_t)i * (size_t)stride, (size_t)stride};
    messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
    if (b.addresses.data != NULL) {
      messages[i].msg_hdr.msg_name = b.addresses.data + (size_t)i * ADDRESS_ROOM;
      messages[i].msg_hdr.msg_namelen = ADDRESS_ROOM;
    }
    if (b.controls.data != NULL) {
      messages[i].msg_hdr.msg_control = b.controls.data + (size_t)i * (size_t)b.control_stride;
      messages[i].msg_hdr.msg_controllen = (size_t)b.control_stride;
    }
  }
  int n;
  BW_RETRY(n, recvmmsg(fd, messages, (unsigned)count, flags, NULL));
  for (int i = 0; i < n; i++) {
    b.lengths[i] = (int32_t)messages[i].msg_len;
    flags_out[i] = messages[i].msg_hdr.msg_flags;
    if (b.addresses.data != NULL) b.address_lengths[i] = (int32_t)messages[i].msg_hdr.msg_namelen;
    if (b.controls.data != NULL) b.control_lengths[i] = (int32_t)messages[i].msg_hdr.msg_controllen;
  }
  BW_RETURN(n);
}

static napi_value bw_sendmmsg(napi_env env, napi_callback_info info) {
  BW_ENTER(env, info);
  BW_HANDLE(env);
  batch b;
  int32_t stride, first, count;
  BW_REQUIRE(bw_array(env, &a, 1, &b.slab) && bw_i32(env, &a, 2, &stride) && bw_i32(env, &a, 3, &first) &&
                 bw_i32(env, &a, 4, &count) && bw_ints(env, &a, 5, &b.lengths, &b.lengths_room) &&
                 batch_addresses(env, &a, 6, &b) && batch_controls(env, &a, 9, &b),
             EINVAL);
  FLAGS_ARGUMENT(8);
  BW_REQUIRE(batch_fits(&b, stride, first, count), EFAULT);
  BW_REQUIRE(batch_room(a.state), ENOMEM);
  struct mmsghdr *messages = a.state->messages;
  struct iovec *parts = a.state->parts;
  for (int32_t i = 0; i < count; i++) {
    int32_t at = first + i;
    int32_t length = b.lengths[at], address_length = b.addresses.data == NULL ? 0 : b.address_lengths[at];
    BW_REQUIRE(length >= 0 && length <= stride && address_length >= 0 && address_length <= ADDRESS_ROOM, EFAULT);
    /* The last datagram may end before its stride does. */
    BW_REQUIRE((uint64_t)at * (uint64_t)stride + (uint64_t)length <= b.slab.length, EFAULT);
    parts[i] = (struct iovec){b.slab.data + (size_t)at * (size_t)stride, (size_t)length};
    messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
    if (address_length > 0) {
      messages[i].msg_hdr.msg_name = b.addresses.data + (size_t)at * ADDRESS_ROOM;
      messages[i].msg_hdr.msg_namelen = (socklen_t)address_length;
    }
    int32_t control_length = b.controls.data == NULL ? 0 : b.control_lengths[at];
    BW_REQUIRE(control_length >= 0 && control_length <= b.control_stride, EFAULT);
    if (control_length > 0) {
      messages[i].msg_hdr.msg_control = b.controls.data + (size_t)at * (size_t)b.control_stride;
      messages[i].msg_hdr.msg_controllen = (size_t)control_length;
    }
  }
  int n;
  BW_RETRY(n, sendmmsg(fd, messages, (unsigned)count, flags));
  BW_RETURN(n);
}

napi_status bw_export_io(napi_env env, napi_value exports) {
  const struct { const char *name; napi_callback fn; } rows[] = {
      {"recv", bw_recv},       {"send", bw_send},         {"recvfrom", bw_recvfrom}, {"sendto", bw_sendto},
      {"readv", bw_readv},     {"writev", bw_writev},     {"recvmsg", bw_recvmsg},   {"sendmsg", bw_sendmsg},
      {"recvmmsg", bw_recvmmsg}, {"sendmmsg", bw_sendmmsg}, {"read", bw_read},       {"write", bw_write},
      {"sendfile", bw_sendfile}, {"splice", bw_splice},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    napi_status status = bw_define(env, exports, rows[i].name, rows[i].fn);
    if (status != napi_ok) return status;
  }
  return napi_ok;
}
