// Which child gets a connection, and what becomes of one that none can take.
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "log.h"
#include "supervisor.h"

namespace lsapi {

namespace {

/// A child that does not answer for this long hangs: LSAPI_EXTRA_CHILDREN may stand in for it.
constexpr uint64_t kHangTime = 1000;
/// A connection without a request for this long may be closed for one that waits; a busier one only when the
/// other has waited for kRotationTime.
constexpr uint64_t kIdleForOthers = 100;
constexpr uint64_t kRotationTime = 250;
constexpr uint64_t kLimitLogPeriod = 5000;

}  // namespace

void Supervisor::PlaceConnections() {
  while (!stopping_ && !seat_) {
    Child* child = nullptr;
    const Place place = ChoosePlace(&child);
    if (place == Place::kNone) {
      if (IsConnectionWaiting()) {
        BeSaturated();
      } else {
        saturated_since_ = 0;
      }
      // Where nobody waits the kernel tells when that changes; where somebody does, it would tell without
      // end.
      WatchListener(saturated_since_ == 0);
      return;
    }
    FileDescriptor connection;
    if (!waiting_.empty()) {
      connection = std::move(waiting_.front());
      waiting_.pop_front();
    } else if (!Accept(&connection)) {
      saturated_since_ = 0;
      // What cannot be accepted would be told of without end.
      WatchListener(accept_again_ <= now_);
      return;
    }
    switch (place) {
      case Place::kFree:
        HandOver(*child, std::move(connection));
        break;
      case Place::kNew:
        StartChild(std::move(connection));
        break;
      default:
        Refuse(std::move(connection));
    }
  }
}

/// A free child; else a new one; else the least loaded one that may have more; else none.
Supervisor::Place Supervisor::ChoosePlace(Child** child) {
  Child* free = nullptr;
  Child* loaded = nullptr;
  uint32_t open = 0;
  children_.ForEach([&](Child& candidate) {
    if (!children_.is_open(candidate)) return;
    ++open;
    // A child of a daemon is one user's, and nobody knows yet whose the next connection is.
    if (options_.is_daemon) return;
    if (candidate.stuck_since != 0 || children_.hangs(candidate, now_, kHandOverPatience)) return;
    const uint64_t connections = children_.connections(candidate);
    if (connections == 0 && children_.state(candidate) == SlotState::kServing) {
      // The one that worked last: its memory is warm, and the others grow old enough to be ended.
      if (free == nullptr || children_.idle_since(candidate) > children_.idle_since(*free)) free = &candidate;
    } else if (connections < options_.concurrency &&
               (loaded == nullptr || connections < children_.connections(*loaded))) {
      loaded = &candidate;
    }
  });
  if (free != nullptr) {
    *child = free;
    return Place::kFree;
  }
  if (MayStart()) return Place::kNew;
  if (loaded != nullptr) {
    *child = loaded;
    return Place::kFree;
  }
  if (open > 0) return Place::kNone;
  // Nobody is there, and nobody can be made: waiting makes sense only if that is about to change.
  if (failed()) return Place::kRefuse;
  constexpr uint64_t kForkPatience = 3000;
  if (unstartable_since_ != 0) {
    return Elapsed(unstartable_since_) > kForkPatience ? Place::kRefuse : Place::kNone;
  }
  return next_start_ > now_ ? Place::kRefuse : Place::kNone;
}

uint32_t Supervisor::CountChildren() const {
  uint32_t count = 0;
  children_.ForEach([&](const Child& child) { count += is_current(child) ? 1 : 0; });
  return count;
}

bool Supervisor::MayStart() const {
  if (failed() || now_ < next_start_) return false;
  uint32_t hanging = 0;
  children_.ForEach([&](const Child& child) {
    if (is_current(child) && (children_.hangs(child, now_, kHangTime) || child.signals > 0)) ++hanging;
  });
  return CountChildren() < options_.child_limit + std::min(hanging, options_.extra_children) &&
         children_.FindFreeSlot() < board_.slot_count();
}

bool Supervisor::Accept(FileDescriptor* connection) {
  if (now_ < accept_again_) return false;
  for (;;) {
    connection->Reset(accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (connection->is_open()) {
      board_.header().accepted.fetch_add(1, std::memory_order_relaxed);
      return true;
    }
    if (errno == EINTR || errno == ECONNABORTED) continue;
    if (errno == EAGAIN) return false;
    accept_again_ = now_ + kAcceptRetry;
    if (Elapsed(limit_logged_) >= kTick) {
      limit_logged_ = now_;
      Log("cannot accept a connection: %s; trying again in a moment", std::strerror(errno));
    }
    return false;
  }
}

bool Supervisor::IsConnectionWaiting() const {
  if (!waiting_.empty()) return true;
  pollfd listener{listener_.get(), POLLIN, 0};
  return poll(&listener, 1, 0) > 0;
}

void Supervisor::HandOver(Child& child, FileDescriptor connection) {
  if (!SendPidNotice(connection.get(), child.pid)) return;  // the server has left
  if (!SendMessage(child.channel.parent.get(), MessageType::kConnect, connection.get())) {
    // It takes nothing from its channel any more: not a place for connections until it does.
    if (child.waits_since == 0) child.waits_since = now_;
    child.stuck_since = now_;
    waiting_.push_front(std::move(connection));
    return;
  }
  ++child.handed;
  child.last_handed = now_;
  // Where a child could be had without starting one, nobody waits in vain any more.
  unstartable_since_ = 0;
  if (child.waits_since == 0) child.waits_since = now_;
  CountBusy();
}

void Supervisor::BeSaturated() {
  if (saturated_since_ == 0) {
    saturated_since_ = now_;
    board_.header().limit_reached.fetch_add(1, std::memory_order_relaxed);
  }
  Shed();
  uint32_t busy = 0;
  children_.ForEach([&](Child& child) {
    if (children_.connections(child) > 0) ++busy;
    // Only while others wait it matters whether a child hangs. An answer wakes this loop: the next question
    // has its time.
    if (children_.state(child) == SlotState::kServing && Elapsed(child.ping_sent) >= kSaturatedCheck &&
        child.pings == children_.slot(child).pongs.load() &&
        SendMessage(child.channel.parent.get(), MessageType::kPing)) {
      ++child.pings;
      child.ping_sent = now_;
    }
  });
  // Idle connections make room within this time, without anybody's having to know; and where fewer children
  // are there than may be, the reason is another one, and was logged.
  if (Elapsed(saturated_since_) < kRotationTime || Elapsed(limit_logged_) < kLimitLogPeriod ||
      CountChildren() < options_.child_limit) {
    return;
  }
  limit_logged_ = now_;
  // The library's line, for which operators search (protocol section 7.3).
  Log("Reached max children process limit: %u, extra: %u, current: %u, busy: %u, please increase "
      "LSAPI_CHILDREN.",
      options_.connection_limit, options_.extra_children, CountChildren(), busy);
}

/// Closes the connection that has been idle for the longest time, because another one waits for a place.
void Supervisor::Shed() {
  Child* longest = nullptr;
  bool pending = false;
  const bool rotate = Elapsed(saturated_since_) >= kRotationTime && Elapsed(rotated_) >= kRotationTime;
  const auto since = [this](const Child& child) {
    const uint64_t told = children_.slot(child).idle_connection_ms.load();
    return children_.active(child) > 0 && told != 0 ? told : children_.idle_since(child);
  };
  children_.ForEach([&](Child& child) {
    if (children_.state(child) != SlotState::kServing || child.retire_sent != 0) return;
    if (child.shed_sent != 0 && Elapsed(child.shed_sent) < kTick) {
      pending = true;
      return;
    }
    const uint64_t connections = children_.connections(child);
    if (connections == 0 || children_.hangs(child, now_, kHandOverPatience)) return;
    if (children_.active(child) >= connections && !rotate) return;
    if (Elapsed(since(child)) < kIdleForOthers && !rotate) return;
    if (longest == nullptr || since(child) < since(*longest)) longest = &child;
  });
  if (pending || longest == nullptr) return;
  if (rotate) rotated_ = now_;
  if (SendMessage(longest->channel.parent.get(), MessageType::kShed)) longest->shed_sent = now_;
}

void Supervisor::HandleDoorbell(uint32_t slot) {
  Child* const child = children_.at(slot);
  if (child == nullptr) return;
  // Bounded: a child that rings without end must not keep its parent.
  constexpr int kMostMessages = 64;
  for (int count = 0; count < kMostMessages; ++count) {
    const auto outcome = ReceiveMessage(child->channel.parent.get()).outcome;
    if (outcome == ReceivedMessage::Outcome::kNothing) break;
    if (outcome == ReceivedMessage::Outcome::kClosed) {
      GiveUpOn(*child);
      break;
    }
  }
  child->stuck_since = 0;
  const ScoreboardSlot& own = children_.slot(*child);
  if (own.adopted.load() >= child->handed) child->waits_since = 0;
  child->shed_sent = 0;
  const SlotState state = children_.state(*child);
  if (state == SlotState::kDraining || state == SlotState::kFailed) TakeBack(*child);
  CountBusy();
  if (!IsConnectionWaiting()) CheckIdleChildren();
}

/// A child has shut down its channel, which this process holds open for it: it can be told nothing any more.
void Supervisor::GiveUpOn(Child& child) {
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, child.channel.parent.get(), nullptr);
  Log("child %d has closed the line to its parent; it is ended", child.pid);
  TakeBack(child);
  if (child.retire_sent == 0) child.retire_sent = now_;
  child.retired_because = "its line to the parent is closed";
  if (child.next_signal == 0) child.next_signal = now_;
}

/// A connection in the channel of a child that hangs must not wait for it.
void Supervisor::TakeBackFromHanging() {
  children_.ForEach([this](Child& child) {
    const bool serves = children_.state(child) == SlotState::kServing;
    // A child that has loaded its application only now gets its time from here on.
    if (serves && !child.was_serving && child.waits_since != 0) child.waits_since = now_;
    child.was_serving = serves;
    if (!serves || child.waits_since == 0 || Elapsed(child.waits_since) < kHandOverPatience) return;
    const uint64_t since = child.waits_since;
    const size_t waiting = waiting_.size();
    TakeBack(child);
    if (waiting_.size() > waiting) {
      Log("child %d does not take its connections (it is stopped, or its event loop is blocked); others get "
          "them",
          child.pid);
    }
    child.stuck_since = 0;
    // It gets nothing more before it has answered.
    if (child.pings == children_.slot(child).pongs.load() &&
        SendMessage(child.channel.parent.get(), MessageType::kPing)) {
      ++child.pings;
      child.ping_sent = since;
    }
  });
}

/// Connections that the child has not taken get another place.
void Supervisor::TakeBack(Child& child) {
  for (;;) {
    ReceivedMessage message = ReceiveMessage(child.channel.child.get());
    if (message.outcome != ReceivedMessage::Outcome::kMessage) break;
    if (message.type == MessageType::kConnect && message.fd.is_open()) {
      if (child.handed > 0) --child.handed;
      waiting_.push_back(std::move(message.fd));
    } else if (message.type == MessageType::kPing) {
      if (child.pings > 0) --child.pings;
    } else if (message.type == MessageType::kRetire) {
      // It still has to hear that, once it looks.
      SendMessage(child.channel.parent.get(), MessageType::kRetire);
      break;
    }
  }
  child.waits_since = 0;
}

void Supervisor::Refuse(FileDescriptor connection) {
  if (SendPidNotice(connection.get(), getpid())) refusal_.Take(std::move(connection));
  RetryLoading();
}

void Supervisor::CountBusy() {
  uint32_t busy = 0;
  children_.ForEach([&](const Child& child) { busy += children_.connections(child) > 0 ? 1 : 0; });
  board_.header().busy.store(busy, std::memory_order_relaxed);
}

}  // namespace lsapi
