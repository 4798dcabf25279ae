// A child's side of its group: takes connections and orders from the channel, keeps its slot of the
// scoreboard.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "../io/connection_set.h"
#include "../protocol/credentials.h"
#include "channel.h"
#include "scoreboard.h"
#include "slot_recorder.h"

namespace lsapi {

/// What a process is told about its place in a group when it becomes a child.
struct ChildSeat {
  Scoreboard board;
  uint32_t slot = 0;
  FileDescriptor channel;     // the child's end
  FileDescriptor connection;  // the one that it was started for, its PID notice sent; may be none
  int32_t parent = 0;         // pid
  /// suEXEC daemon mode: the user that this process has become (admission.h), who is served on this one
  /// connection alone, and the packet of the first request, which has been read already.
  std::optional<UserAndGroup> ids;
  std::vector<uint8_t> first_packet;
};

/// What the owner of a link is told, from within ConnectionSet::Poll().
class ChildLinkHandler {
 public:
  virtual ~ChildLinkHandler() = default;
  /// The child has been idle for a while: now is the time to give memory back.
  virtual void OnRelax() = 0;
  /// The parent wants the child to end, or is gone (`orphaned`): the set drains already.
  virtual void OnRetire(bool orphaned) = 0;
};

class ChildLink : public ReadableSource, public SlotRecorder {
 public:
  /// `handler` must outlive the link.
  ChildLink(ChildSeat seat, ChildLinkHandler* handler);
  ~ChildLink() override;
  ChildLink(const ChildLink&) = delete;
  ChildLink& operator=(const ChildLink&) = delete;

  /// From now on the set gets the connections of this child; it must outlive the link. Returns 0 or an errno.
  int Attach(ConnectionSet* set);
  /// The application cannot be loaded: tells the parent why (one line) and takes no more connections.
  void MarkFailed(std::string_view reason);

  const std::atomic<uint32_t>* busy_children() const { return &seat_.board.header().busy; }
  /// Whether the parent ends this child because a request took too long.
  bool is_overdue() const { return slot().kills.load(std::memory_order_relaxed) > 0; }
  uint32_t slot_index() const { return seat_.slot; }

  // ReadableSource
  void OnReadable() override;
  // ConnectionObserver
  void OnConnectionClosed(uint64_t now_ms) override;
  void OnDraining() override;

 private:
  void Serve(FileDescriptor connection);
  uint64_t MicrosecondsSinceStart() const;
  void Ring() const;
  void Retire(bool orphaned);

  ChildSeat seat_;
  ChildLinkHandler* const handler_;
  bool retired_ = false;
};

}  // namespace lsapi
