#include "slot_recorder.h"

#include <string_view>

namespace lsapi {

void SlotRecorder::OnConnectionOpened(uint64_t /*now_ms*/) { Add(slot().connections, uint32_t{1}); }

void SlotRecorder::OnConnectionClosed(uint64_t /*now_ms*/) {
  Add(slot().connections, ~uint32_t{0});
  Add(slot().closed, uint64_t{1});
}

void SlotRecorder::OnRequestBegun(const Connection& connection, uint64_t now_ms) {
  ScoreboardSlot& own = slot();
  if (own.active.load(std::memory_order_relaxed) == 0) {
    ShowRequest(connection);
    own.request_began_ms.store(now_ms, std::memory_order_relaxed);
  }
  Add(own.active, uint32_t{1});
  Add(own.requests, uint64_t{1});
  own.last_activity_ms.store(now_ms, std::memory_order_relaxed);
}

void SlotRecorder::OnRequestEnded(const Connection& connection, uint64_t now_ms) {
  ScoreboardSlot& own = slot();
  Add(own.active, ~uint32_t{0});
  Add(own.responses, uint64_t{1});
  CountAnswer(own.totals, connection.duration_us(), connection.status());
  own.last_activity_ms.store(now_ms, std::memory_order_relaxed);
  if (own.active.load(std::memory_order_relaxed) == 0) {
    own.request_began_ms.store(0, std::memory_order_relaxed);
  } else if (connection.begun_ms() == own.request_began_ms.load(std::memory_order_relaxed)) {
    const Connection* const oldest = set_->OldestActive(&connection);
    if (oldest != nullptr) {
      ShowRequest(*oldest);
      own.request_began_ms.store(oldest->begun_ms(), std::memory_order_relaxed);
    }
  }
}

void SlotRecorder::OnDraining() {
  if (slot().state.load(std::memory_order_relaxed) == static_cast<uint32_t>(SlotState::kServing)) {
    slot().state.store(static_cast<uint32_t>(SlotState::kDraining), std::memory_order_release);
  }
}

void SlotRecorder::ShowRequest(const Connection& connection) {
  const RequestView& request = connection.request();
  const std::string_view uri = request.request_uri();
  StoreText(slot(), request.method(), uri.empty() ? request.script_name() : uri);
}

}  // namespace lsapi
