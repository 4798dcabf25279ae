#include "child_table.h"

#include <algorithm>
#include <utility>

namespace lsapi {

uint32_t ChildTable::FindFreeSlot() const {
  const uint32_t step = apart_ ? Scoreboard::kSlotsInPage : 1;
  for (size_t index = apart_ ? Scoreboard::kOwnPage : 0; index < children_.size(); index += step) {
    if (!children_[index]) return static_cast<uint32_t>(index);
  }
  return static_cast<uint32_t>(children_.size());
}

Child& ChildTable::Add(std::unique_ptr<Child> child) {
  Child& added = *child;
  children_[added.slot] = std::move(child);
  ++size_;
  return added;
}

void ChildTable::Remove(uint32_t slot) {
  if (slot >= children_.size() || !children_[slot]) return;
  children_[slot].reset();
  board_->Clear(slot);
  --size_;
}

Child* ChildTable::FindPid(pid_t pid) const {
  for (const auto& child : children_) {
    if (child && child->pid == pid) return child.get();
  }
  return nullptr;
}

uint64_t ChildTable::connections(const Child& child) const {
  const uint64_t closed = slot(child).closed.load();
  return child.handed - std::min(child.handed, closed);
}

uint64_t ChildTable::idle_since(const Child& child) const {
  return std::max({slot(child).last_activity_ms.load(), child.last_handed, child.started});
}

bool ChildTable::hangs(const Child& child, uint64_t now, uint64_t milliseconds) const {
  if (state(child) != SlotState::kServing) return false;
  const bool ping = child.pings != slot(child).pongs.load() && now >= child.ping_sent + milliseconds;
  const bool waits = child.waits_since != 0 && now >= child.waits_since + milliseconds;
  return ping || waits;
}

}  // namespace lsapi
