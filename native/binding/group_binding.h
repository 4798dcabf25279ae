// Process groups for JavaScript: the call that becomes a supervisor and returns in children, and what goes
// with it. The functions, with comments, are in lib/native/group-binding.ts.
#pragma once

#include <napi.h>

#include <optional>

#include "../process/child_link.h"

namespace lsapi::binding {

void DefineGroup(Napi::Env env, Napi::Object exports);

/// The place in a group that this process got by superviseGroup() or takeSeat() and no connection set has
/// taken yet.
std::optional<ChildSeat>& PendingSeat();

}  // namespace lsapi::binding
