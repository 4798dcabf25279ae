// What may take too long: packets, bodies, servers that do not close or are gone without a word. One timer
// for all of it, which runs only while there is something to wait for.
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "clock.h"
#include "connection_set.h"
#include "tcp_peer.h"

namespace lsapi {

void ConnectionSet::SetDeadline(Connection& connection, uint32_t milliseconds) {
  if (milliseconds == 0) {
    if (connection.deadline_ != 0) --stalling_;
    connection.deadline_ = 0;
    return;
  }
  if (connection.deadline_ == 0) ++stalling_;
  connection.deadline_ = CoarseMilliseconds() + milliseconds;  // now_ may be old when JavaScript asks
  StartTimer(kTimerPeriodMs);
}

void ConnectionSet::SetExactDeadline(Connection& connection, uint32_t milliseconds) {
  StartTimer(milliseconds);
  SetDeadline(connection, milliseconds);
}

void ConnectionSet::StartTimer(uint32_t milliseconds) { ArmTimer(std::min(milliseconds, kTimerPeriodMs)); }

/// Ticks after that time, then every kTimerPeriodMs, unless it ticks before that anyway.
void ConnectionSet::ArmTimer(uint32_t milliseconds) {
  const uint64_t due = CoarseMilliseconds() + milliseconds;
  if (timer_due_ != 0 && timer_due_ <= due) return;
  itimerspec period{};
  period.it_value.tv_sec = milliseconds / 1000;
  period.it_value.tv_nsec = milliseconds % 1000 * 1'000'000L;
  period.it_interval.tv_nsec = kTimerPeriodMs * 1'000'000L;
  if (timerfd_settime(timer_.get(), 0, &period, nullptr) == 0) timer_due_ = due;
}

void ConnectionSet::CheckTimeouts() {
  ResumeAccepting();
  timer_due_ = CoarseMilliseconds() + kTimerPeriodMs;  // it goes on by itself
  const uint64_t now = ExactMilliseconds();
  uint64_t next_exact = std::numeric_limits<uint64_t>::max();
  for (size_t slot = 0; stalling_ > 0 && slot < connections_.size(); ++slot) {
    Connection& connection = *connections_[slot];
    if (connection.deadline_ != 0 && connection.deadline_ <= now) DeadlinePassed(connection);
    if (connection.waits_to_close()) next_exact = std::min(next_exact, connection.deadline_);
  }
  if (next_exact <= now + kTimerPeriodMs) {
    StartTimer(static_cast<uint32_t>(std::max(next_exact, now + 1) - now));
  }
  if (tcp_ > 0 && peer_check_due_ <= now) CheckPeers();
  // Stopped only from here, so that short waits do not cost system calls.
  if (stalling_ == 0 && !accept_paused_) {
    timer_due_ = 0;
    if (tcp_ > 0) {
      ArmTimer(static_cast<uint32_t>(std::max(peer_check_due_, now + 1) - now));
    } else {
      const itimerspec off{};
      timerfd_settime(timer_.get(), 0, &off, nullptr);
    }
  }
}

/// A peer that was silent at two checks is lost, so it is found later by two of these periods at most.
uint32_t ConnectionSet::peer_check_period_ms() const {
  return std::max(options_.tcp_timeout_ms / 4, kTimerPeriodMs);
}

void ConnectionSet::WatchPeer(Connection& connection) {
  if (!PrepareTcp(connection.fd_.get(), options_.tcp_timeout_ms) || options_.tcp_timeout_ms == 0) return;
  connection.is_tcp_ = true;
  if (++tcp_ > 1) return;
  peer_check_due_ = CoarseMilliseconds() + peer_check_period_ms();
  ArmTimer(peer_check_period_ms());
}

void ConnectionSet::CheckPeers() {
  peer_check_due_ = CoarseMilliseconds() + peer_check_period_ms();
  for (size_t slot = 0; slot < connections_.size(); ++slot) {
    Connection& connection = *connections_[slot];
    if (!connection.is_tcp_ || connection.peer_closed_) continue;
    const bool silent = IsPeerSilent(connection.fd_.get(), options_.tcp_timeout_ms);
    if (!std::exchange(connection.peer_silent_, silent) || !silent) continue;
    ResetOnClose(connection.fd_.get());
    if (connection.state_ == ConnectionState::kActive) {
      Abort(connection, CloseReason::kError);
    } else {
      Close(connection);
    }
    LogConnection(connection, "the server does not answer any more (LSNODE_TCP_TIMEOUT)");
  }
}

void ConnectionSet::DeadlinePassed(Connection& connection) {
  if (connection.waits_to_close()) return PatienceOver(connection);
  SetDeadline(connection, 0);
  if (connection.state_ == ConnectionState::kActive) {
    ready_.push_back({Ready::kBodyTimeout, CloseReason::kError, connection.slot_, connection.serial_});
    return;
  }
  if (connection.state_ == ConnectionState::kIdle) {
    LogConnection(connection, "a request packet stalled (LSNODE_PACKET_TIMEOUT)");
  }
  Close(connection);
}

void ConnectionSet::Wake() {
  const uint64_t one = 1;
  // Fails only when the counter is full, that is when a wake-up is pending anyway.
  [[maybe_unused]] const ssize_t written = write(wake_.get(), &one, sizeof one);
}

}  // namespace lsapi
