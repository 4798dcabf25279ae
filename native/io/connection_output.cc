// What the server gets: acknowledgements, responses, the end of connections.
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "connection_set.h"

namespace lsapi {

namespace {
constexpr uint32_t kReadEvents = EPOLLIN | EPOLLRDHUP | EPOLLET;
}

void ConnectionSet::SendPacket(Connection& connection, PacketType type) {
  std::array<uint8_t, kPacketHeaderSize> packet;
  StorePacketHeader(packet.data(), type, kPacketHeaderSize, connection.encoding_);
  Transmit(connection, packet);
}

void ConnectionSet::Acknowledge(Connection& connection) {
  if (connection.acknowledged_) return;
  connection.acknowledged_ = true;
  SendPacket(connection, PacketType::kReqReceived);
}

uint8_t* ConnectionSet::Prefix(Connection& connection, uint8_t* packets) {
  if (connection.acknowledged_) return packets;
  connection.acknowledged_ = true;
  packets -= kPacketHeaderSize;
  StorePacketHeader(packets, PacketType::kReqReceived, kPacketHeaderSize, connection.encoding_);
  return packets;
}

size_t ConnectionSet::Suffix(Connection& connection, uint8_t* at, uint32_t flags) {
  if ((flags & kRespondEnd) == 0) return 0;
  StorePacketHeader(at, PacketType::kRespEnd, kPacketHeaderSize, connection.encoding_);
  connection.unread_input_ = connection.close_after_response_ || !ReceiveWholeBody(connection);
  // Only in the same write as RESP_END is CONN_CLOSE safe in a response (section 2.6).
  connection.close_when_flushed_ = (flags & kRespondClose) != 0 || connection.unread_input_ || draining_ ||
                                   connection.closing_ != Closing::kNo || limit_reached() || is_crowded();
  if (!connection.close_when_flushed_) return kPacketHeaderSize;
  StorePacketHeader(at + kPacketHeaderSize, PacketType::kConnClose, kPacketHeaderSize, connection.encoding_);
  return 2 * kPacketHeaderSize;
}

void ConnectionSet::SendPackets(Connection& connection, std::span<uint8_t> room, size_t size,
                                uint32_t flags) {
  uint8_t* const packets = room.data() + kAcknowledgeRoom;
  const size_t end = Suffix(connection, packets + size, flags);
  uint8_t* const begin = Prefix(connection, packets);
  Transmit(connection, Bytes(begin, packets + size + end));
  if ((flags & kRespondEnd) != 0) EndRequest(connection);
}

void ConnectionSet::SendBody(Connection& connection, std::span<uint8_t> room, size_t size,
                             const ExternalBytes& body, uint32_t flags) {
  uint8_t* const packets = room.data() + kAcknowledgeRoom;
  uint8_t* const begin = Prefix(connection, packets);
  const bool was_empty = connection.output_.empty();
  if (!connection.peer_closed_) {
    connection.output_.AppendPackets(Bytes(begin, packets + size));
    connection.output_.AppendBody(body.bytes(), connection.encoding_);
    std::array<uint8_t, kEndRoom> end;
    const size_t end_size = Suffix(connection, end.data(), flags);
    connection.output_.AppendPackets(Bytes(end).first(end_size));
    if (was_empty) Flush(connection);
    connection.output_.Keep(body);
  } else {
    connection.lost_output_ += size + body.bytes().size();
  }
  if ((flags & kRespondEnd) != 0) EndRequest(connection);
}

void ConnectionSet::SendStderr(Connection& connection, std::string_view text) {
  std::array<uint8_t, kAcknowledgeRoom + kPacketHeaderSize + kMaximumStreamPayload> room;
  uint8_t* const packet = room.data() + kAcknowledgeRoom;
  while (!text.empty()) {
    const size_t size = std::min(text.size(), kMaximumStreamPayload);
    StorePacketHeader(packet, PacketType::kStderrStream, static_cast<uint32_t>(kPacketHeaderSize + size),
                      connection.encoding_);
    std::memcpy(packet + kPacketHeaderSize, text.data(), size);
    Transmit(connection, Bytes(Prefix(connection, packet), packet + kPacketHeaderSize + size));
    text.remove_prefix(size);
  }
}

void ConnectionSet::EndRequest(Connection& connection) {
  NoteRequestEnd(connection);
  connection.idle_since_ms_ = now_;
  ++connection.serial_;
  connection.state_ = ConnectionState::kIdle;
  connection.wants_drain_ = false;
  connection.waits_for_body_ = false;
  SetDeadline(connection, 0);
  buffers_.Release(std::move(connection.input_));
  connection.input_size_ = 0;
  if (connection.peer_closed_) {
    Close(connection);
  } else if (connection.close_when_flushed_) {
    connection.state_ = ConnectionState::kLingering;
    if (connection.output_.empty()) AfterFlush(connection);
  } else if (connection.readable_) {
    // Not read to its end since the kernel told that there is something: it has to tell again.
    Rearm(connection, connection.watches_output_);
  }
}

void ConnectionSet::Transmit(Connection& connection, Bytes packets) {
  if (connection.peer_closed_) {
    connection.lost_output_ += packets.size();
    return;
  }
  if (packets.empty()) return;
  if (connection.output_.empty()) {
    ssize_t sent;
    do {
      sent = send(connection.fd_.get(), packets.data(), packets.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (sent < 0 && errno == EINTR);
    if (sent == static_cast<ssize_t>(packets.size())) return;
    if (sent < 0 && errno != EAGAIN) {
      connection.lost_output_ += packets.size();
      return Break(connection);
    }
    if (sent > 0) packets = packets.subspan(static_cast<size_t>(sent));
    Watch(connection, true);
  }
  connection.output_.AppendPackets(packets);
}

void ConnectionSet::Flush(Connection& connection) {
  // Nothing is there after Break(), but nothing was sent either: whoever waits for that would go on writing.
  if (connection.peer_closed_ && connection.state_ == ConnectionState::kActive) return;
  std::array<iovec, 64> parts;
  while (!connection.output_.empty()) {
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = connection.output_.Gather(parts);
    const ssize_t sent = sendmsg(connection.fd_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) {
        Watch(connection, true);
        return;
      }
      return Break(connection);
    }
    connection.output_.Consume(static_cast<size_t>(sent));
  }
  if (connection.written_ != nullptr) NoteWritten(connection);
  // While a response is being composed its end is not known yet; EndRequest() goes on from there.
  if (connection.watches_output_) AfterFlush(connection);
}

void ConnectionSet::Break(Connection& connection) {
  // Mostly the server is gone. Nothing may follow the bytes that were lost; the end of the stream, which this
  // makes sure of, is an event of its own: it aborts the request and closes the connection.
  connection.lost_output_ += connection.output_.pending();
  connection.output_.Clear();
  connection.peer_closed_ = true;
  shutdown(connection.fd_.get(), SHUT_RDWR);
}

void ConnectionSet::Watch(Connection& connection, bool output) {
  if (connection.watches_output_ != output) Rearm(connection, output);
}

void ConnectionSet::Rearm(Connection& connection, bool output) {
  epoll_event event{};
  event.events = kReadEvents | (output ? EPOLLOUT : 0u);
  event.data.u64 = uint64_t{connection.generation_} << 32 | connection.slot_;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, connection.fd_.get(), &event) == 0) {
    connection.watches_output_ = output;
  }
}

}  // namespace lsapi
