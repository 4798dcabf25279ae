// All connections of a process, in one epoll set: accepts them, reads and acknowledges requests, sends what
// the application answers. Knows nothing of JavaScript; whoever does implements RequestHandler.
#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "connection.h"

namespace lsapi {

/// What the set tells its owner. Calls come from ConnectionSet::Poll() and CheckTimeouts() only.
class RequestHandler {
 public:
  virtual ~RequestHandler() = default;
  /// A request is complete up to its body; answer with Respond(), at once or later.
  virtual void OnRequest(Connection& connection) = 0;
  /// Body bytes, or its end, can be read after ReadBody() returned kWouldBlock.
  virtual void OnBody(Connection& connection) = 0;
  /// The output that Respond() reported as pending has been sent.
  virtual void OnDrain(Connection& connection) = 0;
  /// The server gave the request up; the connection is closed after this call.
  virtual void OnAbort(Connection& connection, CloseReason reason) = 0;
  /// A body stalled for too long; the application should answer.
  virtual void OnBodyTimeout(Connection& connection) = 0;
  /// Draining has finished: no connection is left.
  virtual void OnDrained() = 0;
  /// One line for the log, without a newline.
  virtual void OnLog(std::string_view line) = 0;
};

struct ConnectionSetOptions {
  size_t packet_limit = kDefaultPacketLimit;  // bytes, at most kMaximumPacketLimit
  uint32_t packet_timeout_ms = 30'000;        // a packet that has begun; 0: none
  uint32_t body_timeout_ms = 300'000;         // a body that the application waits for; 0: none
  uint64_t max_requests = 0;                  // then drain; 0: unlimited
};

struct ConnectionSetStatistics {
  uint64_t requests = 0;     // handed to the application
  uint64_t connections = 0;  // accepted
  uint64_t rejected = 0;     // packets that were not valid
  uint64_t aborted = 0;      // requests that the server gave up
  uint32_t open = 0;         // connections now
  uint32_t active = 0;       // requests now
};

/// Flags of Respond().
enum RespondFlags : uint32_t {
  kRespondEnd = 1,            // the response ends with this
  kRespondClose = 2,          // and the connection too
  kRespondContentLength = 4,  // announce the body's length unless the header does
};

class ConnectionSet {
 public:
  /// `handler` must outlive the set.
  ConnectionSet(RequestHandler* handler, ConnectionSetOptions options);
  ~ConnectionSet();
  ConnectionSet(const ConnectionSet&) = delete;
  ConnectionSet& operator=(const ConnectionSet&) = delete;

  /// False when the kernel refused an epoll instance (errno tells why).
  bool is_open() const { return epoll_.is_open(); }
  /// Readable whenever Poll() has something to do.
  int fd() const { return epoll_.get(); }

  /// Accepts connections from a listening socket; takes it. Returns 0 or an errno.
  int Listen(FileDescriptor socket);
  /// Serves one connected socket (fd 0 of a per-connection worker); takes it. Returns 0 or an errno. Once it
  /// is closed and nothing listens, no request can come any more: the set drains by itself.
  int Adopt(FileDescriptor socket);
  /// Closes the listening sockets. Connections stay.
  void StopListening();
  /// Stops taking work: closes the listening sockets and idle connections, lets requests finish, then calls
  /// OnDrained(). Everything of this happens in Poll().
  void Drain();
  /// Closes everything at once, without regard to requests.
  void CloseAll();

  /// Handles what is ready, without waiting.
  void Poll();

  Connection* Find(uint32_t slot, uint32_t serial);

  /// Reads body bytes from the socket straight into `into`. Positive: bytes; otherwise a BodyRead value.
  int64_t ReadBody(Connection& connection, std::span<uint8_t> into);

  /// Unused bytes that callers leave around packets, for the acknowledgement in front of them and the end
  /// packets behind: a small response is one piece of memory and one system call.
  static constexpr size_t kAcknowledgeRoom = kPacketHeaderSize;
  static constexpr size_t kEndRoom = 2 * kPacketHeaderSize;
  /// Sends `size` bytes of whole packets that begin at room[kAcknowledgeRoom]; `room` ends at least kEndRoom
  /// bytes behind them. `flags` are RespondFlags.
  void SendPackets(Connection& connection, std::span<uint8_t> room, size_t size, uint32_t flags);
  /// The same, followed by body bytes of any length, which are not copied unless the kernel leaves few of
  /// them.
  void SendBody(Connection& connection, std::span<uint8_t> room, size_t size, const ExternalBytes& body,
                uint32_t flags);
  /// Marks that the response header is on its way.
  void MarkHeaderSent(Connection& connection) { connection.header_sent_ = true; }
  bool header_sent(const Connection& connection) const { return connection.header_sent_; }
  /// Sends text to the server's log as STDERR_STREAM packets.
  void SendStderr(Connection& connection, std::string_view text);
  /// OnDrain() is called once the output is gone, also when it is gone already.
  void WatchDrain(Connection& connection);

  const ConnectionSetStatistics& statistics() const { return statistics_; }
  /// Milliseconds since the last request began or ended; 0 while one is being served.
  uint64_t idle_milliseconds() const;
  bool draining() const { return draining_; }

 private:
  struct Ready {
    enum Kind : uint8_t { kRequest, kBody, kBodyTimeout, kDrain, kAbort } kind;
    CloseReason reason;
    uint32_t slot;
    uint32_t serial;
  };

  // connection_set.cc: life of connections and of the set
  Connection* Add(FileDescriptor socket);
  void AcceptAll(size_t listener);
  void HandleEvent(Connection& connection, uint32_t events);
  void Dispatch();
  void BeginDrain();
  void CheckTimeouts();
  void SetDeadline(Connection& connection, uint32_t milliseconds);
  void StartTimer();
  void Wake();
  void Close(Connection& connection);
  void CloseIdle(Connection& connection);
  void LogConnection(const Connection& connection, std::string_view what);
  bool limit_reached() const {
    return options_.max_requests > 0 && statistics_.requests >= options_.max_requests;
  }

  // connection_input.cc: packets, bodies, what else the server says
  void ReadPacket(Connection& connection);
  void Reject(Connection& connection, ParseError error);
  void TakePacket(Connection& connection);
  void BeginRequest(Connection& connection, size_t packet_length);
  void TakeSurplus(Connection& connection, Bytes surplus);
  void ProbePeer(Connection& connection);
  void Linger(Connection& connection);
  bool IsCutByAbort(const Connection& connection, Bytes received) const;
  bool ReceiveWholeBody(Connection& connection);
  void Abort(Connection& connection, CloseReason reason);
  BodyRead BodyGone(Connection& connection);

  // connection_output.cc: acknowledgements and responses
  void Acknowledge(Connection& connection);
  uint8_t* Prefix(Connection& connection, uint8_t* packets);
  size_t Suffix(Connection& connection, uint8_t* at, uint32_t flags);
  void EndRequest(Connection& connection);
  void Transmit(Connection& connection, Bytes packets);
  void Flush(Connection& connection);
  void Break(Connection& connection);
  void Watch(Connection& connection, bool output);
  void Rearm(Connection& connection, bool output);
  void AfterFlush(Connection& connection);

  RequestHandler* const handler_;
  const ConnectionSetOptions options_;
  FileDescriptor epoll_;
  FileDescriptor timer_;  // timerfd in the set: ticks while something may time out
  FileDescriptor wake_;   // eventfd in the set: makes the owner call Poll()
  std::vector<FileDescriptor> listeners_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<uint32_t> free_slots_;
  std::vector<Ready> ready_;
  std::vector<Ready> dispatching_;
  BufferPool buffers_;
  ConnectionSetStatistics statistics_;
  uint64_t now_ = 0;
  uint64_t last_activity_ = 0;
  uint32_t stalling_ = 0;  // connections with a deadline
  bool timer_runs_ = false;
  bool accept_paused_ = false;
  bool adopted_ = false;
  bool draining_ = false;
  bool drain_begun_ = false;
  bool drained_ = false;
};

}  // namespace lsapi
