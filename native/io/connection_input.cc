// What the server sends: packets in any fragmentation, body bytes, ABORT_REQUEST, end of stream.
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include "clock.h"
#include "connection_set.h"

namespace lsapi {

namespace {

constexpr uint32_t kLingerMs = 2000;
/// Unread body bytes that are worth reading away to keep a connection (section 1.10).
constexpr int64_t kDiscardLimit = 1024 * 1024;

/// recv() that is never interrupted.
ssize_t Receive(int fd, uint8_t* into, size_t size, int flags = 0) {
  ssize_t received;
  do {
    received = recv(fd, into, size, flags | MSG_DONTWAIT);
  } while (received < 0 && errno == EINTR);
  return received;
}

}  // namespace

void ConnectionSet::ReadPacket(Connection& connection) {
  for (;;) {
    if (!connection.input_) connection.input_ = buffers_.Acquire(BufferPool::kBlockSize);
    const size_t room = connection.input_.capacity() - connection.input_size_;
    const ssize_t received =
        Receive(connection.fd_.get(), connection.input_.data() + connection.input_size_, room);
    if (received <= 0) {
      if (received < 0 && errno == EAGAIN) {
        connection.readable_ = false;
        break;
      }
      if (connection.input_size_ > 0) LogConnection(connection, "the server left in the middle of a packet");
      Close(connection);
      return;
    }
    connection.input_size_ += static_cast<size_t>(received);
    // Less than asked for: the socket is empty, and the kernel will tell of what comes next.
    const bool drained = static_cast<size_t>(received) < room;
    if (drained) connection.readable_ = false;
    TakePacket(connection);
    if (connection.state_ != ConnectionState::kIdle) return;
    if (drained) break;
  }
  if (connection.peer_closed_) {
    if (connection.input_size_ > 0) LogConnection(connection, "the server left in the middle of a packet");
    Close(connection);
  } else if (connection.input_size_ == 0) {
    buffers_.Release(std::move(connection.input_));
  } else if (connection.deadline_ == 0 || connection.waits_to_close()) {
    if (connection.waits_to_close()) connection.closing_ = Closing::kAfterRequest;
    SetDeadline(connection, options_.packet_timeout_ms);
  }
}

void ConnectionSet::TakePacket(Connection& connection) {
  const Bytes input(connection.input_.data(), connection.input_size_);
  if (input[0] != 'L' || (input.size() > 1 && input[1] != 'S')) {
    return Reject(connection, ParseError::kMagic);
  }
  if (input.size() < kPacketHeaderSize) return;
  if (IsAbortRequest(input.data())) return Close(connection);
  if (input[2] != static_cast<uint8_t>(PacketType::kBeginRequest)) {
    return Reject(connection, ParseError::kType);
  }
  const auto length = ReadPacketLength(input.data(), kMinimumRequestSize, options_.packet_limit);
  if (!length) return Reject(connection, ParseError::kLength);
  if (input.size() >= length->length) {
    const ParseError error = connection.request_.Parse(input.first(length->length), options_.packet_limit);
    if (error != ParseError::kNone) return Reject(connection, error);
    if (only_ && !IsForUs(connection, length->length)) return;
    return BeginRequest(connection, length->length);
  }
  if (length->length > connection.input_.capacity()) {
    BufferPool::Buffer larger = buffers_.Acquire(length->length);
    std::memcpy(larger.data(), input.data(), input.size());
    buffers_.Release(std::exchange(connection.input_, std::move(larger)));
  }
}

void ConnectionSet::Reject(Connection& connection, ParseError error) {
  // No error packet exists that the server would understand (section 1.12).
  ++statistics_.rejected;
  std::array<char, 256> what;
  std::snprintf(what.data(), what.size(), "invalid request packet: %s [%s]", ParseErrorText(error),
                ParseErrorCode(error));
  LogConnection(connection, what.data());
  Close(connection);
}

/// The request's credentials must name the user that this process is; afterwards they are gone. Otherwise the
/// connection is.
bool ConnectionSet::IsForUs(Connection& connection, size_t packet_length) {
  const Credentials credentials = ReadCredentials(connection.request_);
  WipeCredentials(connection.request_, std::span<uint8_t>(connection.input_.data(), packet_length));
  if (credentials.error == CredentialsError::kNone && credentials.ids == *only_) return true;
  ++statistics_.rejected;
  std::array<char, 256> what;
  if (credentials.error == CredentialsError::kNone) {
    std::snprintf(what.data(), what.size(),
                  "a request for user %u and group %u on a connection of user %u and group %u is refused "
                  "[LSAPI_ERR_CREDENTIALS_USER]",
                  credentials.ids.uid, credentials.ids.gid, only_->uid, only_->gid);
  } else {
    std::snprintf(what.data(), what.size(),
                  "a request without valid credentials on a connection of user %u is refused [%s]",
                  only_->uid,
                  credentials.error == CredentialsError::kMissing ? "LSAPI_ERR_CREDENTIALS_MISSING"
                                                                  : "LSAPI_ERR_CREDENTIALS_MALFORMED");
  }
  LogConnection(connection, what.data());
  Close(connection);
  return false;
}

void ConnectionSet::BeginRequest(Connection& connection, size_t packet_length) {
  if (connection.peer_closed_ || limit_reached()) {
    // Given up before it began; or one more than this process may take, which the server delivers elsewhere
    // since it was not acknowledged.
    Close(connection);
    return;
  }
  SetDeadline(connection, 0);
  connection.state_ = ConnectionState::kActive;
  connection.encoding_ = connection.request_.encoding();
  if (connection.waits_to_close()) connection.closing_ = Closing::kAfterRequest;
  connection.begun_ms_ = now_;
  connection.begun_us_ = !measures() ? 0 : handling_events_ ? now_us_ : ExactMicroseconds();
  connection.status_ = 0;
  connection.handler_us_ = 0;
  if (connection.written_ != nullptr) NoteWritten(connection);
  connection.header_sent_ = false;
  connection.waits_for_body_ = false;
  connection.wants_drain_ = false;
  connection.body_at_ = packet_length;
  ++connection.serial_;
  ++connection.requests_;
  connection.acknowledged_ =
      connection.acknowledgement_ == Acknowledgement::kNone ||
      (connection.acknowledgement_ == Acknowledgement::kLaterRequests && connection.requests_ == 1);
  ++statistics_.requests;
  ++statistics_.active;
  last_activity_ = now_;
  if (observer_ != nullptr) {
    observer_->OnRequestBegun(connection, now_);
    if (limit_reached()) TellDraining();
  }

  const size_t behind = connection.input_size_ - packet_length;
  const int64_t length = connection.request_.body_length();
  connection.body_left_ = std::max<int64_t>(length, 0);
  connection.body_buffered_ =
      static_cast<size_t>(std::min<int64_t>(connection.body_left_, static_cast<int64_t>(behind)));
  // Nothing marks the end of a body of unknown length: the connection cannot be used again (section 1.10).
  if (length < 0) connection.close_after_response_ = true;

  if (connection.acknowledgement_ == Acknowledgement::kAtOnce || connection.requests_ == 1) {
    Acknowledge(connection);
  }
  ready_.push_back({Ready::kRequest, CloseReason::kError, connection.slot_, connection.serial_});

  if (length >= 0 && behind > connection.body_buffered_) {
    TakeSurplus(connection, Bytes(connection.input_.data() + packet_length + connection.body_buffered_,
                                  behind - connection.body_buffered_));
  } else if (connection.readable_ &&
             connection.body_left_ == static_cast<int64_t>(connection.body_buffered_)) {
    ProbePeer(connection);
  }
}

void ConnectionSet::TakeSurplus(Connection& connection, Bytes surplus) {
  if (surplus.size() >= kPacketHeaderSize && IsAbortRequest(surplus.data())) {
    Abort(connection, CloseReason::kAborted);
  } else {
    // A pipelined packet or stray body bytes: what follows on this connection could not be told apart.
    connection.close_after_response_ = true;
  }
}

void ConnectionSet::ProbePeer(Connection& connection) {
  std::array<uint8_t, 64> bytes;
  const ssize_t received = Receive(connection.fd_.get(), bytes.data(), bytes.size());
  if (received == 0 || (received < 0 && errno != EAGAIN)) {
    Abort(connection, CloseReason::kEndOfStream);
    return;
  }
  if (received < static_cast<ssize_t>(bytes.size())) connection.readable_ = false;
  if (received > 0 && connection.request_.body_length() >= 0) {
    TakeSurplus(connection, Bytes(bytes).first(static_cast<size_t>(received)));
  }
}

void ConnectionSet::Abort(Connection& connection, CloseReason reason) {
  connection.peer_closed_ = true;
  connection.lost_output_ += connection.output_.pending();
  connection.output_.Clear();
  ready_.push_back({Ready::kAbort, reason, connection.slot_, connection.serial_});
}

bool ConnectionSet::IsCutByAbort(const Connection& connection, Bytes received) const {
  if (received.size() < kPacketHeaderSize || !IsAbortRequest(received.last(kPacketHeaderSize).data())) {
    return false;
  }
  // The server closes right after an ABORT_REQUEST; a body that merely looks like one stays open.
  uint8_t next;
  const ssize_t behind = Receive(connection.fd_.get(), &next, 1, MSG_PEEK);
  return behind == 0 || (behind < 0 && errno != EAGAIN);
}

BodyRead ConnectionSet::BodyGone(Connection& connection) {
  ++statistics_.aborted;
  Close(connection);
  return BodyRead::kGone;
}

int64_t ConnectionSet::ReadBody(Connection& connection, std::span<uint8_t> into) {
  const auto result = [](BodyRead value) { return static_cast<int64_t>(value); };
  if (connection.body_left_ == 0) return result(BodyRead::kEnd);
  if (connection.body_buffered_ > 0) {
    const size_t size = std::min(into.size(), connection.body_buffered_);
    const Bytes buffered(connection.input_.data() + connection.body_at_, connection.body_buffered_);
    if (connection.body_left_ == static_cast<int64_t>(size) && IsCutByAbort(connection, buffered)) {
      return result(BodyGone(connection));
    }
    std::memcpy(into.data(), buffered.data(), size);
    connection.body_at_ += size;
    connection.body_buffered_ -= size;
    connection.body_left_ -= static_cast<int64_t>(size);
    return static_cast<int64_t>(size);
  }
  ssize_t received = -1;
  size_t asked = 0;
  const auto wanted =
      static_cast<size_t>(std::min<int64_t>(static_cast<int64_t>(into.size()), connection.body_left_));
  std::array<uint8_t, 64> behind;
  if (connection.readable_) {
    // Where the body ends with this read, a few bytes more tell at no cost whether anything follows it.
    const bool is_last = static_cast<int64_t>(wanted) == connection.body_left_;
    std::array<iovec, 2> parts = {{{into.data(), wanted}, {behind.data(), behind.size()}}};
    asked = wanted + (is_last ? behind.size() : 0);
    do {
      received = readv(connection.fd_.get(), parts.data(), is_last ? 2 : 1);
    } while (received < 0 && errno == EINTR);
    if (received == 0 || (received < 0 && errno != EAGAIN)) return result(BodyGone(connection));
  }
  if (received < 0) {
    connection.readable_ = false;
    connection.waits_for_body_ = true;
    SetDeadline(connection, options_.body_timeout_ms);
    return result(BodyRead::kWouldBlock);
  }
  if (static_cast<size_t>(received) < asked) connection.readable_ = false;
  const size_t size = std::min(static_cast<size_t>(received), wanted);
  if (static_cast<size_t>(received) <= wanted && IsCutByAbort(connection, into.first(size))) {
    return result(BodyGone(connection));
  }
  connection.body_left_ -= static_cast<int64_t>(size);
  if (static_cast<size_t>(received) > size) {
    TakeSurplus(connection, Bytes(behind).first(static_cast<size_t>(received) - size));
    if (connection.peer_closed_) Wake();  // the abort is dispatched by Poll()
  }
  return static_cast<int64_t>(size);
}

bool ConnectionSet::ReceiveWholeBody(Connection& connection) {
  int64_t left = connection.body_left_ - static_cast<int64_t>(connection.body_buffered_);
  if (left == 0) return true;
  if (left > kDiscardLimit) return false;
  std::array<uint8_t, 16 * 1024> discarded;
  while (left > 0) {
    const auto size = static_cast<size_t>(std::min<int64_t>(left, discarded.size()));
    const ssize_t received = Receive(connection.fd_.get(), discarded.data(), size);
    if (received <= 0) return false;
    left -= received;
  }
  return true;
}

void ConnectionSet::Linger(Connection& connection) {
  std::array<uint8_t, 16 * 1024> discarded;
  for (int reads = 0; reads < 64; ++reads) {
    const ssize_t received = Receive(connection.fd_.get(), discarded.data(), discarded.size());
    if (received == 0 || (received < 0 && errno != EAGAIN)) {
      Close(connection);
      return;
    }
    if (received < static_cast<ssize_t>(discarded.size())) {
      // Nothing more tells of an end that came together with these bytes.
      if (connection.peer_closed_) Close(connection);
      return;
    }
  }
  // Others have their turn first; changing the interest makes the kernel tell again.
  Rearm(connection, connection.watches_output_);
}

void ConnectionSet::AfterFlush(Connection& connection) {
  Watch(connection, false);
  if (connection.state_ == ConnectionState::kLingering) {
    if (!connection.unread_input_) {
      Close(connection);
      return;
    }
    // Closing with unread bytes would reset a TCP connection, and the server could lose the response.
    shutdown(connection.fd_.get(), SHUT_WR);
    SetDeadline(connection, kLingerMs);
    Linger(connection);
  } else if (connection.wants_drain_) {
    connection.wants_drain_ = false;
    ready_.push_back({Ready::kDrain, CloseReason::kError, connection.slot_, connection.serial_});
  }
}

}  // namespace lsapi
