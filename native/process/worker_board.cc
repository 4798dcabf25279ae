#include "worker_board.h"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace lsapi {

namespace {

uint64_t WallClockMilliseconds() {
  timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1000 + static_cast<uint64_t>(time.tv_nsec) / 1'000'000;
}

}  // namespace

WorkerBoard::WorkerBoard(Scoreboard board) : SlotRecorder(&board.slot(0)), board_(std::move(board)) {}

WorkerBoard::~WorkerBoard() {
  if (set_ != nullptr) set_->SetObserver(nullptr);
}

std::unique_ptr<WorkerBoard> WorkerBoard::Open(std::string_view root) {
  Scoreboard board = Scoreboard::Create(1);
  if (!board.is_open()) return nullptr;
  const uint64_t now = WallClockMilliseconds();
  ScoreboardHeader& header = board.header();
  header.parent_pid.store(getpid());
  header.generation.store(1);
  header.child_limit.store(1);
  header.mode.store(static_cast<uint32_t>(GroupMode::kWorker));
  header.state.store(static_cast<uint32_t>(GroupPhase::kServing));
  header.started_time.store(now);
  header.generation_time.store(now);
  header.started_children.store(1);
  root = root.substr(0, sizeof header.root - 1);
  std::copy(root.begin(), root.end(), header.root);
  ScoreboardSlot& slot = board.slot(0);
  slot.generation.store(1);
  slot.started_time.store(now);
  slot.state.store(static_cast<uint32_t>(SlotState::kServing));
  slot.pid.store(getpid(), std::memory_order_release);
  return std::unique_ptr<WorkerBoard>(new WorkerBoard(std::move(board)));
}

void WorkerBoard::Attach(ConnectionSet* set) {
  set_ = set;
  set->SetObserver(this);
}

void WorkerBoard::OnConnectionOpened(uint64_t now_ms) {
  SlotRecorder::OnConnectionOpened(now_ms);
  Add(board_.header().accepted, uint64_t{1});
  board_.header().busy.store(1, std::memory_order_relaxed);
}

void WorkerBoard::OnConnectionClosed(uint64_t now_ms) {
  SlotRecorder::OnConnectionClosed(now_ms);
  if (slot().connections.load(std::memory_order_relaxed) == 0) {
    board_.header().busy.store(0, std::memory_order_relaxed);
  }
}

void WorkerBoard::OnDraining() {
  SlotRecorder::OnDraining();
  board_.header().state.store(static_cast<uint32_t>(GroupPhase::kStopping), std::memory_order_relaxed);
}

}  // namespace lsapi
