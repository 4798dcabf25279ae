// What survives a replaced image, as text: execve() keeps descriptors, and the new image has to know their
// meaning.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "../io/file_descriptor.h"
#include "child_table.h"
#include "scoreboard.h"

namespace lsapi {

struct GroupState {
  FileDescriptor listener;
  Scoreboard board;
  std::vector<std::unique_ptr<Child>> children;
  std::vector<FileDescriptor> waiting;  // connections that were accepted and have no child yet
  uint32_t failed_loads = 0;            // in a row

  /// Reads a state; takes the descriptors that it names, which no program inherits from now on. nullopt: it
  /// is not of this version, its scoreboard is not, or it contradicts itself; what it names may be closed
  /// then.
  static std::optional<GroupState> Parse(const std::string& text);
};

/// `VERSION;LISTENER,SCOREBOARD,FAILED_LOADS`, the beginning of a state; the rest may follow in any order.
std::string DescribeState(int listener, int scoreboard, uint32_t failed_loads = 0);
/// `;cSLOT,PID,CHANNEL,CHANNEL,HANDED,GENERATION,STARTED,PINGS`
std::string DescribeChild(const Child& child);
/// `;oSLOT,PIPE`, behind the child of that slot; empty where the child has no output of its own.
std::string DescribeOutput(const Child& child);
/// `;wCONNECTION`
std::string DescribeWaiting(int connection);

/// The descriptors that a state names: those that have to stay open across execve(). Empty for what is no
/// state.
std::vector<int> DescriptorsOf(const std::string& state);

void SetCloseOnExec(int fd);

}  // namespace lsapi
