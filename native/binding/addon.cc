// Entry of the addon: `native/binding` is the only place that knows Node-API.
#include <napi.h>

#include "codec_binding.h"
#include "connection_set_binding.h"
#include "fork_binding.h"
#include "group_binding.h"
#include "idle_loop_binding.h"
#include "process_binding.h"

namespace {

Napi::Object Initialize(Napi::Env env, Napi::Object exports) {
  exports.Set("ConnectionSet", lsapi::binding::ConnectionSetBinding::Define(env));
  lsapi::binding::DefineCodec(env, exports);
  lsapi::binding::DefineProcess(env, exports);
  lsapi::binding::DefineGroup(env, exports);
  lsapi::binding::DefineFork(env, exports);
  lsapi::binding::DefineIdleLoop(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(lsapi, Initialize)
