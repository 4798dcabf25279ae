// A program to be run: for spawned children, for the trial of new code, and to replace the parent's own
// image.
#pragma once

#include <sys/types.h>

#include <span>
#include <string>
#include <vector>

namespace lsapi {

struct Program {
  std::string file;                      // absolute path
  std::vector<std::string> arguments;    // argv, its first element included
  std::vector<std::string> environment;  // NAME=value
  std::string directory;                 // the current one that it starts in
};

/// The variable in which `lsnode` tells itself what it is to be; see lib/process-group/role.ts. Its family is
/// removed from what applications see.
inline constexpr const char* kRoleVariable = "LSAPI_GROUP_ROLE";

/// Replaces this process by the program, with kRoleVariable set to `role`. The descriptors in `kept` stay
/// open. Returns only when that fails: errno.
int Replace(const Program& program, const std::string& role, std::span<const int> kept);

/// Starts the program as a child process, likewise. Its standard input is this process's. Returns its pid, or
/// -errno where no process could be made.
pid_t Spawn(const Program& program, const std::string& role, std::span<const int> kept);

/// Programs that are started from now on by whatever means inherit no descriptor but the standard ones,
/// whoever has left others open. Node itself marks the lowest alone (uv_disable_stdio_inheritance). Nothing
/// is done where /proc is missing.
void HideDescriptors();

}  // namespace lsapi
