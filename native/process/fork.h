// fork() of a process that contains a V8 isolate.
#pragma once

#include <sys/types.h>

namespace lsapi {

/// What fork() returned: `pid` 0 in the child, the child's in the parent, -1 with an errno in `error`.
struct ForkResult {
  pid_t pid = -1;
  int error = 0;
};

/// Makes every mapping of this process part of its children. V8 marks its heap and code MADV_DONTFORK, so
/// that a child dies at its first JavaScript instruction. The marks of now are lifted; mappings that V8 makes
/// later have them again, so no JavaScript may run between this call and the fork. 0, or the errno that kept
/// it from being done: not to be followed by a fork.
int AllowForkOfAllMappings();

/// AllowForkOfAllMappings() and fork(). The child has this thread alone: it must not wait for any other, nor
/// let Node or V8 do so at its end (end with _exit()), and its event loop has to be told (uv_loop_fork()).
ForkResult ForkWithAllMappings();

}  // namespace lsapi
