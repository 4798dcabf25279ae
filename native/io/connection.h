// One connection from the server and the request on it: the state machine of protocol section 7.4.
#pragma once

#include <cstdint>
#include <string_view>

#include "../protocol/request_parser.h"
#include "buffer_pool.h"
#include "file_descriptor.h"
#include "output_queue.h"

namespace lsapi {

/// Result of reading body bytes; positive values are bytes.
enum class BodyRead : int32_t {
  kWouldBlock = 0,  // the handler's OnBody() tells when to try again
  kEnd = -1,        // all of it has been read
  kGone = -2,       // the server gave the request up
};

/// Why a connection that was not told to close is over.
enum class CloseReason : uint8_t { kEndOfStream, kAborted, kError, kPacketTimeout, kInvalidPacket };

enum class ConnectionState : uint8_t {
  kFree,       // slot without a connection
  kIdle,       // waiting for a request, or in the middle of its packet
  kActive,     // a request is with the application
  kLingering,  // response complete, closing: what the server still sends is thrown away
};

class ConnectionSet;

class Connection {
 public:
  ConnectionState state() const { return state_; }
  uint32_t slot() const { return slot_; }
  /// Changes with every request and with every end of one: tells a stale reference from a live one.
  uint32_t serial() const { return serial_; }
  /// The request at hand; only while kActive.
  const RequestView& request() const { return request_; }
  bool is_first_request() const { return requests_ == 1; }
  int64_t body_left() const { return body_left_; }
  /// Bytes not yet taken by the server.
  size_t pending_output() const { return output_.pending(); }

 private:
  friend class ConnectionSet;

  FileDescriptor fd_;
  ConnectionState state_ = ConnectionState::kFree;
  bool readable_ = false;        // the socket may hold bytes (it is watched edge-triggered)
  bool peer_closed_ = false;     // end of stream was seen
  bool watches_output_ = false;  // EPOLLOUT is registered
  bool acknowledged_ = false;    // REQ_RECEIVED was sent or queued for this request
  bool header_sent_ = false;
  bool close_after_response_ = false;  // the request broke the protocol, or the process stops
  bool close_when_flushed_ = false;
  bool unread_input_ = false;  // at the end of the response: the server may still be sending
  bool waits_for_body_ = false;
  bool wants_drain_ = false;
  bool is_standard_input_ = false;  // fd 0 was connected: always acknowledge early (section 2.4)
  uint32_t slot_ = 0;
  uint32_t generation_ = 0;  // of the slot; distinguishes stale events
  uint32_t serial_ = 0;
  uint32_t requests_ = 0;  // on this connection
  size_t input_size_ = 0;  // bytes in input_
  size_t body_at_ = 0;     // first buffered body byte in input_
  size_t body_buffered_ = 0;
  int64_t body_left_ = 0;  // body bytes that the application has not read yet, buffered ones included
  uint64_t deadline_ = 0;  // milliseconds; 0: none
  BufferPool::Buffer input_;
  RequestView request_;
  Encoding encoding_;  // of the last request; replies mirror it
  OutputQueue output_;
};

}  // namespace lsapi
