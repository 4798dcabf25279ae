// What the connections of a process do, written to its slot of a scoreboard.
#pragma once

#include <cstdint>

#include "../io/connection_observer.h"
#include "../io/connection_set.h"
#include "scoreboard.h"

namespace lsapi {

class SlotRecorder : public ConnectionObserver {
 public:
  /// The slot must outlive the recorder, and nobody else may write to the same fields.
  explicit SlotRecorder(ScoreboardSlot* slot) : slot_(slot) {}

  void OnConnectionOpened(uint64_t now_ms) override;
  void OnConnectionClosed(uint64_t now_ms) override;
  void OnRequestBegun(const Connection& connection, uint64_t now_ms) override;
  void OnRequestEnded(const Connection& connection, uint64_t now_ms) override;
  void OnDraining() override;

 protected:
  ScoreboardSlot& slot() const { return *slot_; }
  /// The set that tells this observer; from the first connection on.
  ConnectionSet* set_ = nullptr;

 private:
  void ShowRequest(const Connection& connection);

  ScoreboardSlot* const slot_;
};

/// Only one process writes these numbers: no read-modify-write instruction is needed.
template <typename Number>
void Add(std::atomic<Number>& number, Number difference) {
  number.store(number.load(std::memory_order_relaxed) + difference, std::memory_order_relaxed);
}

}  // namespace lsapi
