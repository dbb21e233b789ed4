/* Memory that the kernel fills: the rings of packet sockets (packet(7), PACKET_RX_RING), mapped and seen as an
 * ArrayBuffer. What stands in it is read and handed back by TypeScript. */
#include "barewire.h"
#include <sys/mman.h>

/* Called when nobody can reach the bytes any more: after munmap below, or when the buffer was collected. */
static void unmap(napi_env env, void *data, void *length) {
  (void)env;
  munmap(data, (size_t)(uintptr_t)length);
}

static napi_value bw_mmap(napi_env env, napi_callback_info info) {
  BW_ENTER(env, info);
  BW_HANDLE(env);
  uint32_t length;
  BW_REQUIRE(bw_u32(env, &a, 1, &length) && length > 0, EINVAL);
  void *data = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (data == MAP_FAILED) return bw_result(env, -errno);
  napi_value buffer;
  napi_status status = napi_create_external_arraybuffer(env, data, length, unmap, (void *)(uintptr_t)length, &buffer);
  if (status == napi_ok) return buffer;
  munmap(data, length);
  /* Builds of V8 with a memory sandbox (Electron) take no memory from outside. */
  return bw_result(env, status == napi_no_external_buffers_allowed ? -EOPNOTSUPP : -ENOMEM);
}

/* Views of the buffer have length 0 from now on: an old one reads nothing instead of memory that is gone. */
static napi_value bw_munmap(napi_env env, napi_callback_info info) {
  BW_ENTER(env, info);
  bool is_buffer;
  BW_REQUIRE(a.count > 0 && napi_is_arraybuffer(env, a.at[0], &is_buffer) == napi_ok && is_buffer, EINVAL);
  return bw_result(env, napi_detach_arraybuffer(env, a.at[0]) == napi_ok ? 0 : -EINVAL);
}

napi_status bw_export_ring(napi_env env, napi_value exports) {
  napi_status status = bw_define(env, exports, "mmap", bw_mmap);
  return status != napi_ok ? status : bw_define(env, exports, "munmap", bw_munmap);
}
