// What a fork leaves in a child's hands: descriptors of Node's own, of loops and threads that do not exist
// there. Between children of one user they do no harm; between users they would be lines from one to the
// other.
#pragma once

#include <sys/types.h>

#include <span>
#include <string>
#include <vector>

namespace lsapi {

class InheritedDescriptors {
 public:
  /// Notes what this process has open, for MakePrivate() in its children.
  InheritedDescriptors();

  /// In a child: puts objects of its own in the place of what it has in common with its parent, 0 to 2 and
  /// `kept` apart: pipes, event counters, timers and epoll sets by new ones of the kind, everything else by
  /// /dev/null. Numbers, and what the parent has, stay. What the child has opened since the fork stays too,
  /// as far as it is a pipe (libuv opens one in every child). Programs inherit nothing of either. Empty on
  /// success, else what failed.
  std::string MakePrivate(std::span<const int> kept) const;

 private:
  std::vector<ino_t> pipes_;
};

}  // namespace lsapi
