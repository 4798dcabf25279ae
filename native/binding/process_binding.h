// Sockets and descriptors of the process: what Node itself offers no call for.
#pragma once

#include <napi.h>

namespace lsapi::binding {

void DefineProcess(Napi::Env env, Napi::Object exports);

}  // namespace lsapi::binding
