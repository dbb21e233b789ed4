/* The addon as Node-API sees it: one state for each environment, closed with it. */
#include "barewire.h"
#include <stdlib.h>
#include <unistd.h>

napi_status bw_define(napi_env env, napi_value exports, const char *name, napi_callback fn) {
  napi_value function;
  napi_status status = napi_create_function(env, name, NAPI_AUTO_LENGTH, fn, NULL, &function);
  return status != napi_ok ? status : napi_set_named_property(env, exports, name, function);
}

static void free_state(void *data) {
  bw_state *s = data;
  napi_async_cleanup_hook_handle cleanup = s->cleanup;
  for (uint32_t i = 0; i < s->slots_used; i++)
    if (s->slots[i].fd >= 0) close(s->slots[i].fd);
  free(s->slots);
  free(s->messages);
  free(s->parts);
  free(s);
  napi_remove_async_cleanup_hook(cleanup);
}

/* Closing a libuv handle takes a turn of the loop: the environment waits for it through the asynchronous hook. */
static void on_cleanup(napi_async_cleanup_hook_handle handle, void *data) {
  bw_state *s = data;
  s->cleanup = handle;
  bw_loop_stop(s, free_state, s);
}

NAPI_MODULE_EXPORT napi_value napi_register_module_v1(napi_env env, napi_value exports);
NAPI_MODULE_EXPORT int32_t node_api_module_get_api_version_v1(void);

int32_t node_api_module_get_api_version_v1(void) { return NAPI_VERSION; }

napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  bw_state *s = calloc(1, sizeof *s);
  if (s == NULL) return NULL;
  s->env = env;
  s->free_head = s->free_tail = SLOT_MASK;
  napi_value buffer, registers;
  if (napi_create_arraybuffer(env, 8 * sizeof(int32_t), (void **)&s->registers, &buffer) != napi_ok ||
      napi_create_typedarray(env, napi_int32_array, 8, buffer, 0, &registers) != napi_ok ||
      napi_create_reference(env, registers, 1, &s->registers_ref) != napi_ok ||
      napi_set_named_property(env, exports, "registers", registers) != napi_ok ||
      napi_set_instance_data(env, s, NULL, NULL) != napi_ok ||
      napi_add_async_cleanup_hook(env, on_cleanup, s, &s->cleanup) != napi_ok) {
    free(s);
    return NULL;
  }
  if (bw_export_socket(env, exports) != napi_ok || bw_export_io(env, exports) != napi_ok ||
      bw_export_descriptor(env, exports) != napi_ok || bw_export_poll(env, exports) != napi_ok ||
      bw_export_loop(env, exports) != napi_ok || bw_export_ring(env, exports) != napi_ok)
    napi_throw_error(env, NULL, "barewire: exports could not be defined");
  return exports;
}
