#include "child_link.h"

#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "log.h"

namespace lsapi {

ChildLink::ChildLink(ChildSeat seat, ChildLinkHandler* handler)
    : SlotRecorder(&seat.board.slot(seat.slot)), seat_(std::move(seat)), handler_(handler) {}

ChildLink::~ChildLink() {
  if (set_ != nullptr) {
    set_->RemoveSource();
    set_->SetObserver(nullptr);
  }
}

int ChildLink::Attach(ConnectionSet* set) {
  set_ = set;
  set->SetObserver(this);
  const int error = set->AddSource(seat_.channel.get(), this);
  if (error != 0) return error;
  if (slot().state.load(std::memory_order_relaxed) == static_cast<uint32_t>(SlotState::kStarting)) {
    slot().state.store(static_cast<uint32_t>(SlotState::kServing), std::memory_order_release);
  }
  set->NoteLoad(MicrosecondsSinceStart());
  if (seat_.ids) set->ServeOnly(*seat_.ids);
  if (seat_.connection.is_open()) Serve(std::move(seat_.connection));
  // A child that had to load its application is free for more only now.
  Ring();
  return 0;
}

/// Since the parent started this child, which it does for a connection.
uint64_t ChildLink::MicrosecondsSinceStart() const {
  timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  const auto now =
      static_cast<uint64_t>(time.tv_sec) * 1000 + static_cast<uint64_t>(time.tv_nsec) / 1'000'000;
  const uint64_t started = slot().started_time.load(std::memory_order_relaxed);
  return started != 0 && now > started ? (now - started) * 1000 : 0;
}

void ChildLink::MarkFailed(std::string_view reason) {
  StoreText(slot(), "", reason);
  slot().state.store(static_cast<uint32_t>(SlotState::kFailed), std::memory_order_release);
  Ring();
}

void ChildLink::OnReadable() {
  // One message a call: Poll() dispatches in between, and a connection that is no longer wanted stays where
  // the parent can take it back.
  while (!retired_) {
    ReceivedMessage message = ReceiveMessage(seat_.channel.get());
    if (message.outcome == ReceivedMessage::Outcome::kNothing) return;
    if (message.outcome == ReceivedMessage::Outcome::kClosed) {
      Retire(true);
      return;
    }
    switch (message.type) {
      case MessageType::kConnect:
        Serve(std::move(message.fd));
        break;
      case MessageType::kRetire:
        Retire(false);
        return;
      case MessageType::kShed:
        // Where none is idle any more, the parent looks for another child.
        if (!set_->CloseLongestIdle()) Ring();
        break;
      case MessageType::kPing:
        slot().idle_connection_ms.store(set_->LongestIdleSince(), std::memory_order_relaxed);
        Add(slot().pongs, uint64_t{1});
        Ring();
        break;
      case MessageType::kRelax:
        handler_->OnRelax();
        break;
      case MessageType::kDoorbell:
        break;
    }
  }
}

void ChildLink::Serve(FileDescriptor connection) {
  Add(slot().adopted, uint64_t{1});
  // Without a descriptor: the kernel has dropped it, because this process may not have another one.
  const int error =
      connection.is_open() ? set_->Serve(std::move(connection), true, seat_.first_packet) : EMFILE;
  if (!seat_.first_packet.empty()) {
    explicit_bzero(seat_.first_packet.data(), seat_.first_packet.size());
    seat_.first_packet.clear();
  }
  if (error == 0) return;
  // It ends here; the server delivers its request elsewhere.
  Add(slot().closed, uint64_t{1});
  Ring();
  Log("a connection could not be served: %s", std::strerror(error));
}

void ChildLink::Retire(bool orphaned) {
  if (retired_) return;
  retired_ = true;
  set_->RemoveSource();
  set_->Drain();
  handler_->OnRetire(orphaned);
}

void ChildLink::OnConnectionClosed(uint64_t now_ms) {
  SlotRecorder::OnConnectionClosed(now_ms);
  Ring();
  // The next connection may be for somebody else, and only root can become that.
  if (seat_.ids) Retire(false);
}

void ChildLink::OnDraining() {
  if (!retired_) {
    retired_ = true;
    set_->RemoveSource();
  }
  SlotRecorder::OnDraining();
  Ring();
}

void ChildLink::Ring() const { SendMessage(seat_.channel.get(), MessageType::kDoorbell); }

}  // namespace lsapi
