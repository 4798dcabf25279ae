// Memory of the machine and of single processes, in bytes, as the kernel tells it.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace lsapi {

struct SystemMemory {
  uint64_t total = 0;
  /// MemAvailable: the page cache counts as free, which the library's measure leaves out (protocol
  /// section 5.9).
  uint64_t available = 0;
};
SystemMemory ReadSystemMemory();

/// Resident set; 0 when the process is gone. Cheap.
uint64_t ResidentMemory(pid_t pid);
/// What would be free without the process: not shared with its parent and siblings. Walks its page tables.
uint64_t PrivateMemory(pid_t pid);

}  // namespace lsapi
