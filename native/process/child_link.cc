#include "child_link.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "log.h"

namespace lsapi {

namespace {

/// Only this process writes these numbers: no read-modify-write instruction is needed.
template <typename Number>
void Add(std::atomic<Number>& number, Number difference) {
  number.store(number.load(std::memory_order_relaxed) + difference, std::memory_order_relaxed);
}

}  // namespace

ChildLink::ChildLink(ChildSeat seat, ChildLinkHandler* handler) : seat_(std::move(seat)), handler_(handler) {}

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
  if (seat_.ids) set->ServeOnly(*seat_.ids);
  if (seat_.connection.is_open()) Serve(std::move(seat_.connection));
  // A child that had to load its application is free for more only now.
  Ring();
  return 0;
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
  explicit_bzero(seat_.first_packet.data(), seat_.first_packet.size());
  seat_.first_packet.clear();
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

void ChildLink::OnConnectionOpened(uint64_t /*now_ms*/) { Add(slot().connections, uint32_t{1}); }

void ChildLink::OnConnectionClosed(uint64_t /*now_ms*/) {
  Add(slot().connections, ~uint32_t{0});
  Add(slot().closed, uint64_t{1});
  Ring();
  // The next connection may be for somebody else, and only root can become that.
  if (seat_.ids) Retire(false);
}

void ChildLink::OnRequestBegun(const Connection& connection, uint64_t now_ms) {
  ScoreboardSlot& own = slot();
  if (own.active.load(std::memory_order_relaxed) == 0) {
    ShowRequest(connection);
    own.request_began_ms.store(now_ms, std::memory_order_relaxed);
  }
  Add(own.active, uint32_t{1});
  Add(own.requests, uint64_t{1});
  own.last_activity_ms.store(now_ms, std::memory_order_relaxed);
}

void ChildLink::OnRequestEnded(const Connection& connection, uint64_t now_ms) {
  ScoreboardSlot& own = slot();
  Add(own.active, ~uint32_t{0});
  Add(own.responses, uint64_t{1});
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

void ChildLink::ShowRequest(const Connection& connection) {
  const RequestView& request = connection.request();
  const std::string_view uri = request.request_uri();
  StoreText(slot(), request.method(), uri.empty() ? request.script_name() : uri);
}

void ChildLink::OnDraining() {
  if (!retired_) {
    retired_ = true;
    set_->RemoveSource();
  }
  if (slot().state.load(std::memory_order_relaxed) == static_cast<uint32_t>(SlotState::kServing)) {
    slot().state.store(static_cast<uint32_t>(SlotState::kDraining), std::memory_order_release);
  }
  Ring();
}

void ChildLink::Ring() const { SendMessage(seat_.channel.get(), MessageType::kDoorbell); }

}  // namespace lsapi
