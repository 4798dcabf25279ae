// The scoreboard of a process that serves alone (Worker mode): one slot, its own. For those who look from
// outside.
#pragma once

#include <memory>
#include <string_view>

#include "scoreboard.h"
#include "slot_recorder.h"

namespace lsapi {

class WorkerBoard : public SlotRecorder {
 public:
  /// Null when there is no memory for it (errno tells why): a worker can do without.
  static std::unique_ptr<WorkerBoard> Open(std::string_view root);
  ~WorkerBoard() override;
  WorkerBoard(const WorkerBoard&) = delete;
  WorkerBoard& operator=(const WorkerBoard&) = delete;

  /// From now on the set's connections are recorded; it must outlive the board, and have no connection yet.
  void Attach(ConnectionSet* set);

  void OnConnectionOpened(uint64_t now_ms) override;
  void OnConnectionClosed(uint64_t now_ms) override;
  void OnDraining() override;

 private:
  explicit WorkerBoard(Scoreboard board);

  Scoreboard board_;
};

}  // namespace lsapi
