// All connections of a process, in one epoll set: accepts them, reads and acknowledges requests, sends what
// the application answers. Knows nothing of JavaScript; whoever does implements RequestHandler.
#pragma once

#include <sys/epoll.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "../protocol/credentials.h"
#include "connection.h"
#include "connection_observer.h"
#include "readable_source.h"

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
  // LSAPI_ACCEPT_NOTIFY: connections are acknowledged when they are accepted, and requests on them are not
  // (section 2.4). An adopted connection was not accepted here: its requests are acknowledged as ever.
  bool acknowledge_connections = false;
  uint32_t tcp_timeout_ms = 60'000;  // a TCP connection whose server gives no sign of life; 0: none
  uint32_t slow_request_ms = 0;      // LSAPI_SLOW_REQ_MSECS: what takes longer is logged; 0: nothing is
  // LSAPI_MAX_BUSY_WORKER: from that many busy children on, a response ends its connection; 0: never.
  // `busy_children` is not owned, and may be null where the limit is 0.
  const std::atomic<uint32_t>* busy_children = nullptr;
  uint32_t max_busy_children = 0;
  // The next request may be on its way while an idle connection is being closed, and the server would have to
  // deliver it again. So much time a connection gets after its last request before it is sent CONN_CLOSE, and
  // so much after that, for the server to close it; what comes meanwhile is served, as the connection's last
  // request. 0: CONN_CLOSE and the end at once. Connections beyond max_requests are always closed at once.
  uint32_t close_patience_ms = 0;
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
  /// Serves a connected socket that another process accepted; takes it. `acknowledged`: that process has sent
  /// a PID notice, so that the connection's first request is not acknowledged (section 2.4). Returns 0 or an
  /// errno: ESHUTDOWN after OnDrained(). While the set drains, the connection gets its close_patience_ms.
  /// `packet`: the whole first request packet where that process has read it already.
  int Serve(FileDescriptor socket, bool acknowledged, Bytes packet = {});
  /// From now on requests must have suEXEC credentials with these ids (protocol section 5.13). Others are not
  /// served: their connection is closed without an acknowledgement, so that the server delivers them
  /// elsewhere. The digest is not looked at: who listens was told whom to serve by one that could verify it.
  void ServeOnly(const UserAndGroup& ids) { only_ = ids; }
  /// The connection that is served next has waited `microseconds` for this process to be started and to load
  /// its application: part of its first request's time in the log of slow ones.
  void NoteLoad(uint64_t microseconds) { load_us_ = microseconds; }
  /// Calls `source` from Poll() while `fd` is readable, until RemoveSource(). There is one source at most;
  /// both stay the caller's, and must outlive that. Returns 0 or an errno (EBUSY: there is a source).
  int AddSource(int fd, ReadableSource* source);
  /// To be called while the source's descriptor is open. Nothing happens where there is none.
  void RemoveSource();
  /// Tells `observer` of connections and requests from now on; null: nobody. It must outlive the set or be
  /// replaced, and sees a balance only when it is there before the first connection.
  void SetObserver(ConnectionObserver* observer) { observer_ = observer; }
  /// Closes the listening sockets. Connections stay.
  void StopListening();
  /// Stops taking work: closes the listening sockets and idle connections, lets requests finish, then calls
  /// OnDrained(). Everything of this happens in Poll().
  void Drain() { Drain(options_.close_patience_ms); }
  /// The same with another close_patience_ms. Called again with less, it hurries the drain that is under way.
  void Drain(uint32_t patience_ms);
  /// Begins to close the connection that has been idle for longest, as LongestIdleSince() tells, within
  /// close_patience_ms. False: none is idle.
  bool CloseLongestIdle();
  /// Closes everything at once, without regard to requests.
  void CloseAll();

  /// Handles what is ready, without waiting. Returns how many descriptors were.
  int Poll();

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
  /// Marks that the response header is on its way, with this status.
  void MarkHeaderSent(Connection& connection, uint32_t status) {
    connection.header_sent_ = true;
    connection.status_ = status;
  }
  bool header_sent(const Connection& connection) const { return connection.header_sent_; }
  /// Sends text to the server's log as STDERR_STREAM packets.
  void SendStderr(Connection& connection, std::string_view text);
  /// OnDrain() is called once the output is gone, also when it is gone already; OnAbort() instead where the
  /// connection is broken.
  void WatchDrain(Connection& connection);

  const ConnectionSetStatistics& statistics() const { return statistics_; }
  /// Milliseconds since the last request began or ended; 0 while one is being served.
  uint64_t idle_milliseconds() const;
  bool draining() const { return draining_; }
  /// The connection whose request has been in progress for longest, other than `except`, which an observer
  /// gives that is being told of that one's end; null: none is.
  const Connection* OldestActive(const Connection* except = nullptr) const;
  /// Since when the longest idle connection has been idle, in milliseconds of CLOCK_MONOTONIC; 0: none is. A
  /// connection is not idle in the middle of a packet, before the server has taken its last response, nor
  /// once its closing has begun.
  uint64_t LongestIdleSince() const;

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
  void ResumeAccepting();
  void HandleEvent(Connection& connection, uint32_t events);
  void Dispatch();
  void NoteRequestEnd(Connection& connection);
  void Close(Connection& connection);
  void LogConnection(const Connection& connection, std::string_view what);

  // connection_slow_requests.cc: what took long, and where
  void NoteTimes(Connection& connection);
  void NoteWritten(Connection& connection);
  void LogIfSlow(const SlowRequest& request);
  void WriteSlowRequests();
  bool limit_reached() const {
    return options_.max_requests > 0 && statistics_.requests >= options_.max_requests;
  }

  /// Reads the clock as of the kernel's last tick into now_. That never goes back: where durations are
  /// measured, exact times are ahead of it.
  uint64_t Tick();
  bool measures() const { return observer_ != nullptr || options_.slow_request_ms > 0; }
  bool is_crowded() const {
    return options_.max_busy_children > 0 &&
           options_.busy_children->load(std::memory_order_relaxed) >= options_.max_busy_children;
  }

  // connection_timeouts.cc: deadlines, and what makes Poll() be called
  static constexpr uint32_t kTimerPeriodMs = 500;
  void SetDeadline(Connection& connection, uint32_t milliseconds);
  void SetExactDeadline(Connection& connection, uint32_t milliseconds);
  void StartTimer(uint32_t milliseconds);
  void ArmTimer(uint32_t milliseconds);
  void CheckTimeouts();
  void DeadlinePassed(Connection& connection);
  uint32_t peer_check_period_ms() const;
  void WatchPeer(Connection& connection);
  void CheckPeers();
  void Wake();

  // connection_closing.cc: the end of idle connections, and of the set
  void BeginDraining();
  void TellDraining();
  void BeginDrain();
  void BeginClose(Connection& connection, uint32_t patience_ms);
  void AnnounceClose(Connection& connection);
  void PatienceOver(Connection& connection);
  void CloseIdle(Connection& connection);
  bool IsIdle(const Connection& connection) const;
  uint32_t patience_ms() const { return draining_ ? drain_patience_ms_ : options_.close_patience_ms; }

  // connection_input.cc: packets, bodies, what else the server says
  void ReadPacket(Connection& connection);
  void Reject(Connection& connection, ParseError error);
  void TakePacket(Connection& connection);
  bool IsForUs(Connection& connection, size_t packet_length);
  void BeginRequest(Connection& connection, size_t packet_length);
  void TakeSurplus(Connection& connection, Bytes surplus);
  void ProbePeer(Connection& connection);
  void Linger(Connection& connection);
  bool IsCutByAbort(const Connection& connection, Bytes received) const;
  bool ReceiveWholeBody(Connection& connection);
  void Abort(Connection& connection, CloseReason reason);
  BodyRead BodyGone(Connection& connection);

  // connection_output.cc: acknowledgements and responses
  void SendPacket(Connection& connection, PacketType type);
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
  ConnectionObserver* observer_ = nullptr;
  ReadableSource* source_ = nullptr;
  int source_fd_ = -1;
  FileDescriptor epoll_;
  FileDescriptor timer_;  // timerfd in the set: ticks while something may time out
  FileDescriptor wake_;   // eventfd in the set: makes the owner call Poll()
  std::vector<FileDescriptor> listeners_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<uint32_t> free_slots_;
  std::vector<Ready> ready_;
  std::vector<Ready> dispatching_;
  std::optional<UserAndGroup> only_;
  std::vector<std::string> slow_requests_;  // lines for the log, which is called from Poll() alone
  BufferPool buffers_;
  ConnectionSetStatistics statistics_;
  uint64_t now_ = 0;
  uint64_t load_us_ = 0;  // for the next connection
  uint64_t now_us_ = 0;   // exact, as of the present Poll(), where durations are measured
  uint64_t last_activity_ = 0;
  uint32_t stalling_ = 0;  // connections with a deadline
  uint32_t tcp_ = 0;       // TCP connections, where these have a time-out
  uint64_t peer_check_due_ = 0;
  uint64_t timer_due_ = 0;  // when the timer ticks next, no later; 0: it is off
  uint32_t drain_patience_ms_;
  bool handling_events_ = false;
  bool accept_paused_ = false;
  bool adopted_ = false;
  bool draining_ = false;
  bool drain_begun_ = false;
  bool drained_ = false;
  bool draining_told_ = false;  // to the observer
};

}  // namespace lsapi
