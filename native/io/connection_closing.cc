// The end of idle connections and of the whole set. A server that has just sent a request on a connection
// that is closed has to deliver it again: whoever has the time leaves it some (close_patience_ms).
#include <sys/socket.h>

#include <cerrno>

#include "connection_set.h"

namespace lsapi {

void ConnectionSet::Drain(uint32_t patience_ms) {
  if (!draining_ || patience_ms < drain_patience_ms_) {
    drain_patience_ms_ = patience_ms;
    drain_begun_ = false;
  }
  BeginDraining();
  Wake();
}

void ConnectionSet::BeginDraining() {
  draining_ = true;
  TellDraining();
}

void ConnectionSet::TellDraining() {
  if (draining_told_) return;
  draining_told_ = true;
  if (observer_ != nullptr) observer_->OnDraining();
}

void ConnectionSet::BeginDrain() {
  drain_begun_ = true;
  Tick();
  StopListening();
  for (size_t slot = 0; slot < connections_.size(); ++slot) {
    Connection& connection = *connections_[slot];
    if (connection.state_ != ConnectionState::kIdle) continue;
    // A request may have arrived meanwhile: it is served, unless the process has had its share.
    if (!limit_reached()) ReadPacket(connection);
    if (connection.state_ != ConnectionState::kIdle) continue;
    if (limit_reached()) {
      CloseIdle(connection);
    } else if (connection.input_size_ == 0) {
      BeginClose(connection, drain_patience_ms_);
    }
  }
  if (statistics_.open == 0) Wake();
}

void ConnectionSet::CloseAll() {
  StopListening();
  for (const auto& connection : connections_) Close(*connection);
}

void ConnectionSet::BeginClose(Connection& connection, uint32_t patience_ms) {
  // While the server has not taken the last response it sends nothing: with CONN_CLOSE behind that, it will
  // not.
  if (patience_ms == 0 || !connection.output_.empty()) return CloseIdle(connection);
  if (connection.waits_to_close()) {
    if (connection.deadline_ > now_ + patience_ms) SetExactDeadline(connection, patience_ms);
    return;
  }
  const uint64_t idle_ms = now_ - connection.idle_since_ms_;
  if (idle_ms >= patience_ms) return AnnounceClose(connection);
  connection.closing_ = Closing::kExpecting;
  SetExactDeadline(connection, patience_ms - static_cast<uint32_t>(idle_ms));
}

void ConnectionSet::AnnounceClose(Connection& connection) {
  SendPacket(connection, PacketType::kConnClose);
  connection.closing_ = Closing::kAnnounced;
  SetExactDeadline(connection, patience_ms());
}

void ConnectionSet::PatienceOver(Connection& connection) {
  // Its event may be behind the timer's.
  ReadPacket(connection);
  if (connection.state_ != ConnectionState::kIdle || !connection.waits_to_close()) return;
  if (connection.closing_ == Closing::kExpecting && patience_ms() > 0) {
    AnnounceClose(connection);
  } else {
    CloseIdle(connection);
  }
}

void ConnectionSet::CloseIdle(Connection& connection) {
  // Nothing is lost if the server has just begun to send: it replays the request elsewhere.
  if (connection.closing_ != Closing::kAnnounced) SendPacket(connection, PacketType::kConnClose);
  if (connection.output_.empty()) {
    Close(connection);
  } else {
    // The server has not taken all of the last response yet.
    SetDeadline(connection, 0);
    connection.closing_ = Closing::kAfterRequest;
    connection.unread_input_ = false;
    connection.state_ = ConnectionState::kLingering;
  }
}

bool ConnectionSet::IsIdle(const Connection& connection) const {
  return connection.state_ == ConnectionState::kIdle && connection.input_size_ == 0 &&
         connection.closing_ == Closing::kNo && connection.output_.empty();
}

uint64_t ConnectionSet::LongestIdleSince() const {
  uint64_t since = 0;
  for (const auto& connection : connections_) {
    if (!IsIdle(*connection)) continue;
    if (since == 0 || connection->idle_since_ms_ < since) since = connection->idle_since_ms_;
  }
  return since;
}

bool ConnectionSet::CloseLongestIdle() {
  Connection* longest = nullptr;
  for (const auto& connection : connections_) {
    if (!IsIdle(*connection)) continue;
    if (longest != nullptr && longest->idle_since_ms_ <= connection->idle_since_ms_) continue;
    // Where something has arrived that was not read yet, a request or the end, the server has made use of it.
    uint8_t next;
    const ssize_t received = recv(connection->fd_.get(), &next, 1, MSG_PEEK | MSG_DONTWAIT);
    if (received >= 0 || (errno != EAGAIN && errno != EINTR)) continue;
    longest = connection.get();
  }
  if (longest == nullptr) return false;
  Tick();
  BeginClose(*longest, options_.close_patience_ms);
  return true;
}

}  // namespace lsapi
