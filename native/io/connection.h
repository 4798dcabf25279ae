// One connection from the server and the request on it: the state machine of protocol section 7.4.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "../protocol/request_parser.h"
#include "buffer_pool.h"
#include "file_descriptor.h"
#include "output_queue.h"
#include "slow_request.h"

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

/// When REQ_RECEIVED is sent on a connection (section 2.4).
enum class Acknowledgement : uint8_t {
  kRequests,       // for each request: at once for the first, with the response or behind the tick for others
  kAtOnce,         // for each request at once: fd 0 was connected
  kLaterRequests,  // as kRequests, but not for the first one, which a PID notice stands for
  kNone,           // the connection as such was acknowledged, requests are not (LSAPI_ACCEPT_NOTIFY)
};

/// How far the closing of a connection that was idle has come; see ConnectionSetOptions::close_patience_ms.
enum class Closing : uint8_t {
  kNo,
  kExpecting,     // a request is most likely on its way: waits for it, without a word
  kAnnounced,     // CONN_CLOSE was sent: waits for the server to close, or for a request that crossed it
  kAfterRequest,  // a request came, or has begun to: its response ends the connection
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
  /// When the request at hand, or else the last one, began, and when the last one ended or, before the first,
  /// the connection was opened: milliseconds of CLOCK_MONOTONIC.
  uint64_t begun_ms() const { return begun_ms_; }
  uint64_t idle_since_ms() const { return idle_since_ms_; }
  /// For an observer that is told of a request's end: microseconds since its packet was there, and the status
  /// of its answer as the application gave it, 0 where it had none.
  uint64_t duration_us() const { return duration_us_; }
  uint32_t status() const { return status_; }
  /// Bytes not yet taken by the server, and those that it never will take.
  size_t pending_output() const { return output_.pending() + lost_output_; }

 private:
  friend class ConnectionSet;

  /// Idle, to be closed, and given time: deadline_ is when that is up.
  bool waits_to_close() const { return closing_ == Closing::kExpecting || closing_ == Closing::kAnnounced; }

  FileDescriptor fd_;
  ConnectionState state_ = ConnectionState::kFree;
  bool is_tcp_ = false;
  bool peer_silent_ = false;     // at the last CheckPeers()
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
  Acknowledgement acknowledgement_ = Acknowledgement::kRequests;
  Closing closing_ = Closing::kNo;
  uint32_t slot_ = 0;
  uint32_t generation_ = 0;  // of the slot; distinguishes stale events
  uint32_t serial_ = 0;
  uint32_t requests_ = 0;  // on this connection
  size_t input_size_ = 0;  // bytes in input_
  size_t body_at_ = 0;     // first buffered body byte in input_
  size_t body_buffered_ = 0;
  int64_t body_left_ = 0;  // body bytes that the application has not read yet, buffered ones included
  uint64_t deadline_ = 0;  // milliseconds; 0: none
  uint64_t begun_ms_ = 0;
  uint64_t begun_us_ = 0;  // 0 where nobody wants to know
  uint64_t duration_us_ = 0;
  uint32_t status_ = 0;
  // Where slow requests are logged:
  uint64_t load_us_ = 0;     // so long its process was being started for the connection's first request
  uint64_t handler_us_ = 0;  // when the application was told of the request; 0: not yet
  uint64_t ended_us_ = 0;    // when its answer ended that is being written
  std::unique_ptr<SlowRequest> written_;  // it may turn out to have been slow once its answer is written
  uint64_t idle_since_ms_ = 0;
  BufferPool::Buffer input_;
  RequestView request_;
  Encoding encoding_;  // of the last request; replies mirror it
  OutputQueue output_;
  // Bytes that came to nothing since the connection is broken: whoever waits for the server when much is
  // pending has to do so then, too. One that goes on writing would never let the event loop tell it of the
  // end.
  size_t lost_output_ = 0;
};

}  // namespace lsapi
