// Tells when nothing is left to do, without leaving the event loop.
#pragma once

#include <napi.h>

namespace lsapi::binding {

void DefineIdleLoop(Napi::Env env, Napi::Object exports);

}  // namespace lsapi::binding
