// What can be told of a process that does not end (LSAPI_DUMP_DEBUG_INFO, protocol section 5.7), without a
// debugger.
#pragma once

#include <sys/types.h>

namespace lsapi {

/// Logs state, memory, what it waits for in the kernel, and its open descriptors.
void LogDebugInfo(pid_t pid);

}  // namespace lsapi
