// A parent's knowledge of its children: what the scoreboard says, and what only the parent knows.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "channel.h"
#include "child_output.h"
#include "scoreboard.h"

namespace lsapi {

/// One child, from its start until its status is collected. Times are milliseconds of CLOCK_MONOTONIC.
struct Child {
  pid_t pid = 0;
  uint32_t slot = 0;
  uint32_t generation = 0;
  Channel channel;
  ChildOutput output;   // of a suEXEC daemon's child, else not open
  uint64_t handed = 0;  // connections given to it
  uint64_t started = 0;
  uint64_t last_handed = 0;   // when it got its latest connection
  uint64_t waits_since = 0;   // a connection in its channel has waited since then; 0: none
  bool was_serving = false;   // when the loop looked last
  uint64_t stuck_since = 0;   // its channel has not taken a message then; 0: it takes them
  uint64_t pings = 0;         // sent
  uint64_t ping_sent = 0;     // the latest
  uint64_t shed_sent = 0;     // when it was asked to give up an idle connection; 0: not, or done
  uint64_t retire_sent = 0;   // when it was told to end; 0: not
  uint64_t ending_since = 0;  // when it was first seen to end by itself; 0: not
  uint64_t next_signal = 0;   // when the next signal is due to a child that does not end
  uint32_t signals = 0;       // sent to it for that reason
  uint64_t relaxed = 0;       // its last activity when it was told to give memory back
  const char* retired_because = "";
};

/// The children of a group by slot of its scoreboard. What children write there is believed only as far as it
/// is about themselves: a child that writes nonsense may be given connections or not, be told to end or be
/// ended, and no more.
class ChildTable {
 public:
  /// `apart`: no two children get slots in one page of the scoreboard.
  explicit ChildTable(const Scoreboard* board, bool apart = false)
      : board_(board), apart_(apart), children_(board->slot_count()) {}

  /// A slot that is free, or slot_count() when none is.
  uint32_t FindFreeSlot() const;
  Child& Add(std::unique_ptr<Child> child);
  void Remove(uint32_t slot);
  Child* at(uint32_t slot) const { return slot < children_.size() ? children_[slot].get() : nullptr; }
  Child* FindPid(pid_t pid) const;
  size_t size() const { return size_; }

  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const auto& child : children_) {
      if (child) visit(*child);
    }
  }

  ScoreboardSlot& slot(const Child& child) const { return board_->slot(child.slot); }
  SlotState state(const Child& child) const { return static_cast<SlotState>(slot(child).state.load()); }
  /// Connections that it holds or that wait in its channel.
  uint64_t connections(const Child& child) const;
  uint32_t active(const Child& child) const { return slot(child).active.load(); }
  /// Since when it has had nothing to do, if it has nothing to do now.
  uint64_t idle_since(const Child& child) const;
  /// Takes connections, now or once it has loaded the application: was not told to end.
  bool is_open(const Child& child) const {
    const SlotState now = state(child);
    return (now == SlotState::kServing || now == SlotState::kStarting) && child.retire_sent == 0;
  }
  /// Has not answered for `milliseconds`, neither a ping nor by taking a connection.
  bool hangs(const Child& child, uint64_t now, uint64_t milliseconds) const;

 private:
  const Scoreboard* board_;
  bool apart_;
  std::vector<std::unique_ptr<Child>> children_;
  size_t size_ = 0;
};

}  // namespace lsapi
