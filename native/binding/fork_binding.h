// fork(), and what its children need of the system.
#pragma once

#include <napi.h>

namespace lsapi::binding {

void DefineFork(Napi::Env env, Napi::Object exports);

}  // namespace lsapi::binding
