// The protocol's pure functions for JavaScript: tests compare them with the TypeScript codec.
#pragma once

#include <napi.h>

namespace lsapi::binding {

void DefineCodec(Napi::Env env, Napi::Object exports);

}  // namespace lsapi::binding
