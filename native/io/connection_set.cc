#include "connection_set.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "clock.h"
#include "tcp_peer.h"

namespace lsapi {

namespace {

constexpr uint64_t kWakeTag = ~uint64_t{0};
constexpr uint64_t kTimerTag = kWakeTag - 1;
constexpr uint64_t kSourceTag = kWakeTag - 2;
constexpr uint64_t kListenerTag = kWakeTag - 0x10000;  // plus the listener's index
constexpr int kAcceptBatch = 128;

uint64_t Tag(uint32_t slot, uint32_t generation) { return uint64_t{generation} << 32 | slot; }

bool AddToEpoll(int epoll, int fd, uint32_t events, uint64_t tag) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = tag;
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

bool SetNonBlocking(int fd) {
  const int flags = fcntl(fd, F_GETFL);
  return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

}  // namespace

ConnectionSet::ConnectionSet(RequestHandler* handler, ConnectionSetOptions options)
    : handler_(handler),
      options_(options),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      timer_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)),
      wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      now_(CoarseMilliseconds()),
      last_activity_(now_),
      drain_patience_ms_(options.close_patience_ms) {
  if (!epoll_.is_open() || !timer_.is_open() || !wake_.is_open() ||
      !AddToEpoll(epoll_.get(), wake_.get(), EPOLLIN, kWakeTag) ||
      !AddToEpoll(epoll_.get(), timer_.get(), EPOLLIN, kTimerTag)) {
    epoll_.Reset();
  }
}

ConnectionSet::~ConnectionSet() = default;

uint64_t ConnectionSet::Tick() { return now_ = std::max(now_, CoarseMilliseconds()); }

int ConnectionSet::Listen(FileDescriptor socket) {
  if (!SetNonBlocking(socket.get()) ||
      !AddToEpoll(epoll_.get(), socket.get(), EPOLLIN, kListenerTag + listeners_.size())) {
    return errno;
  }
  listeners_.push_back(std::move(socket));
  return 0;
}

int ConnectionSet::Adopt(FileDescriptor socket) {
  if (!SetNonBlocking(socket.get())) return errno;
  Connection* const connection = Add(std::move(socket));
  if (connection == nullptr) return errno;
  WatchPeer(*connection);
  connection->acknowledgement_ = Acknowledgement::kAtOnce;
  adopted_ = true;
  return 0;
}

int ConnectionSet::Serve(FileDescriptor socket, bool acknowledged, Bytes packet) {
  if (drained_) return ESHUTDOWN;
  if (!SetNonBlocking(socket.get())) return errno;
  Connection* const connection = Add(std::move(socket));
  if (connection == nullptr) return errno;
  WatchPeer(*connection);
  if (options_.acknowledge_connections) {
    connection->acknowledgement_ = Acknowledgement::kNone;
    if (!acknowledged) SendPacket(*connection, PacketType::kReqReceived);
  } else if (acknowledged) {
    connection->acknowledgement_ = Acknowledgement::kLaterRequests;
  }
  if (drain_begun_) {
    // Came too late to be looked at with the others.
    drain_begun_ = false;
    if (!handling_events_) Wake();
  }
  if (!packet.empty()) {
    connection->input_ = buffers_.Acquire(std::max(packet.size(), BufferPool::kBlockSize));
    std::memcpy(connection->input_.data(), packet.data(), packet.size());
    connection->input_size_ = packet.size();
    now_ = CoarseMilliseconds();
    TakePacket(*connection);
    Wake();
    return 0;
  }
  // Outside Poll() the kernel tells by itself that something is there.
  if (handling_events_) ReadPacket(*connection);
  return 0;
}

int ConnectionSet::AddSource(int fd, ReadableSource* source) {
  if (source_ != nullptr) return EBUSY;
  if (!AddToEpoll(epoll_.get(), fd, EPOLLIN, kSourceTag)) return errno;
  source_ = source;
  source_fd_ = fd;
  return 0;
}

void ConnectionSet::RemoveSource() {
  if (source_ == nullptr) return;
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, source_fd_, nullptr);
  source_ = nullptr;
  source_fd_ = -1;
}

void ConnectionSet::StopListening() {
  listeners_.clear();  // closing removes them from the epoll set
}

Connection* ConnectionSet::Add(FileDescriptor socket) {
  uint32_t slot;
  if (free_slots_.empty()) {
    slot = static_cast<uint32_t>(connections_.size());
    connections_.push_back(std::make_unique<Connection>());
    connections_.back()->slot_ = slot;
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  Connection& connection = *connections_[slot];
  // Edge-triggered: the kernel tells each change once, and no system call is spent on changing the interest.
  if (!AddToEpoll(epoll_.get(), socket.get(), EPOLLIN | EPOLLRDHUP | EPOLLET,
                  Tag(slot, connection.generation_))) {
    free_slots_.push_back(slot);
    return nullptr;
  }
  connection.fd_ = std::move(socket);
  connection.state_ = ConnectionState::kIdle;
  connection.requests_ = 0;
  connection.encoding_ = Encoding{};
  connection.idle_since_ms_ = Tick();
  connection.load_us_ = std::exchange(load_us_, 0);
  ++statistics_.connections;
  ++statistics_.open;
  if (observer_ != nullptr) observer_->OnConnectionOpened(now_);
  return &connection;
}

void ConnectionSet::AcceptAll(size_t listener) {
  for (int accepted = 0; accepted < kAcceptBatch; ++accepted) {
    // A packet that is read below may be logged, and whoever takes the log may end the listening.
    if (listener >= listeners_.size()) return;
    // What waits beyond the last request is left to the next process that accepts from this socket.
    if (limit_reached()) return;
    sockaddr_storage peer;
    socklen_t size = sizeof peer;
    FileDescriptor socket(accept4(listeners_[listener].get(), reinterpret_cast<sockaddr*>(&peer), &size,
                                  SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket.is_open()) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      if (errno == EAGAIN) return;
      // Out of descriptors or memory: the backlog keeps the connections until the timer tries again.
      std::array<char, 96> line;
      std::snprintf(line.data(), line.size(), "cannot accept a connection: %s; trying again in a moment",
                    std::strerror(errno));
      handler_->OnLog(line.data());
      for (const FileDescriptor& fd : listeners_) {
        epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd.get(), nullptr);
      }
      accept_paused_ = true;
      StartTimer(kTimerPeriodMs);
      return;
    }
    Connection* const connection = Add(std::move(socket));
    if (connection == nullptr) {
      // It ends here; the server delivers its request again.
      std::array<char, 96> line;
      std::snprintf(line.data(), line.size(), "a connection could not be served: %s", std::strerror(errno));
      handler_->OnLog(line.data());
      continue;
    }
    if (peer.ss_family != AF_UNIX) WatchPeer(*connection);
    if (options_.acknowledge_connections) {
      connection->acknowledgement_ = Acknowledgement::kNone;
      SendPacket(*connection, PacketType::kReqReceived);
    }
    // The server writes its request right after connecting: mostly it is there already.
    ReadPacket(*connection);
  }
}

void ConnectionSet::ResumeAccepting() {
  if (!accept_paused_) return;
  accept_paused_ = false;
  for (size_t index = 0; index < listeners_.size(); ++index) {
    const bool watched = AddToEpoll(epoll_.get(), listeners_[index].get(), EPOLLIN, kListenerTag + index);
    // Short of memory again: the timer goes on.
    if (!watched && errno != EEXIST) accept_paused_ = true;
  }
}

int ConnectionSet::Poll() {
  // Few at a time: what was read for a request is still in the processor's cache when it is served, and the
  // packet buffers of one batch serve the next.
  std::array<epoll_event, 16> events;
  const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 0);
  if (measures()) {
    now_us_ = ExactMicroseconds();
    now_ = now_us_ / 1000;
  } else {
    Tick();
  }
  handling_events_ = true;
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<size_t>(i)];
    const uint64_t tag = event.data.u64;
    if (tag == kWakeTag || tag == kTimerTag) {
      uint64_t value;
      const int fd = tag == kWakeTag ? wake_.get() : timer_.get();
      if (read(fd, &value, sizeof value) == sizeof value && tag == kTimerTag) CheckTimeouts();
    } else if (tag == kSourceTag) {
      if (source_ != nullptr) source_->OnReadable();
    } else if (tag >= kListenerTag) {
      AcceptAll(tag - kListenerTag);
    } else {
      Connection& connection = *connections_[static_cast<uint32_t>(tag)];
      if (connection.generation_ == tag >> 32) HandleEvent(connection, event.events);
    }
  }
  handling_events_ = false;
  if (draining_ && !drain_begun_) BeginDrain();
  Dispatch();
  if (limit_reached() || (adopted_ && listeners_.empty() && statistics_.open == 0)) BeginDraining();
  if (draining_ && !drain_begun_) {
    BeginDrain();
    Dispatch();
  }
  if (!slow_requests_.empty()) WriteSlowRequests();
  if (drain_begun_ && !drained_ && statistics_.open == 0) {
    drained_ = true;
    handler_->OnDrained();
  }
  return count;
}

void ConnectionSet::HandleEvent(Connection& connection, uint32_t events) {
  if ((events & EPOLLOUT) != 0) Flush(connection);
  if (connection.state_ == ConnectionState::kFree) return;
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) == 0) return;
  connection.readable_ = true;
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) connection.peer_closed_ = true;
  switch (connection.state_) {
    case ConnectionState::kFree:
      break;
    case ConnectionState::kIdle:
      if (limit_reached()) {
        CloseIdle(connection);
      } else {
        ReadPacket(connection);
      }
      break;
    case ConnectionState::kActive:
      if (connection.peer_closed_) {
        Abort(connection, CloseReason::kEndOfStream);  // the server never half-closes (section 2.9)
      } else if (connection.body_left_ > static_cast<int64_t>(connection.body_buffered_)) {
        if (connection.waits_for_body_) {
          connection.waits_for_body_ = false;
          SetDeadline(connection, 0);
          ready_.push_back({Ready::kBody, CloseReason::kError, connection.slot_, connection.serial_});
        }
      } else {
        ProbePeer(connection);
      }
      break;
    case ConnectionState::kLingering:
      Linger(connection);
      break;
  }
}

void ConnectionSet::Dispatch() {
  // Handlers may respond, close and drain meanwhile; what that makes ready is for the next Poll().
  dispatching_.swap(ready_);
  for (const Ready& entry : dispatching_) {
    Connection* const connection = Find(entry.slot, entry.serial);
    if (connection == nullptr) continue;
    switch (entry.kind) {
      case Ready::kRequest:
        if (options_.slow_request_ms > 0) connection->handler_us_ = ExactMicroseconds();
        handler_->OnRequest(*connection);
        break;
      case Ready::kBody:
        handler_->OnBody(*connection);
        break;
      case Ready::kBodyTimeout:
        handler_->OnBodyTimeout(*connection);
        break;
      case Ready::kDrain:
        handler_->OnDrain(*connection);
        break;
      case Ready::kAbort:
        ++statistics_.aborted;
        handler_->OnAbort(*connection, entry.reason);
        // The handler may have ended the request, which closes the connection.
        if (Find(entry.slot, entry.serial) != nullptr) Close(*connection);
        break;
    }
  }
  // Requests that were not answered within the tick are acknowledged now, alone.
  for (const Ready& entry : dispatching_) {
    if (entry.kind != Ready::kRequest) continue;
    Connection* const connection = Find(entry.slot, entry.serial);
    if (connection != nullptr) Acknowledge(*connection);
  }
  dispatching_.clear();
}

Connection* ConnectionSet::Find(uint32_t slot, uint32_t serial) {
  if (slot >= connections_.size()) return nullptr;
  Connection* const connection = connections_[slot].get();
  return connection->state_ == ConnectionState::kActive && connection->serial_ == serial ? connection
                                                                                         : nullptr;
}

void ConnectionSet::WatchDrain(Connection& connection) {
  // The abort of the request, which is on its way, is what ends the wait.
  if (connection.peer_closed_) return;
  connection.wants_drain_ = !connection.output_.empty();
  if (connection.wants_drain_) return;
  ready_.push_back({Ready::kDrain, CloseReason::kError, connection.slot_, connection.serial_});
  Wake();
}

void ConnectionSet::NoteRequestEnd(Connection& connection) {
  --statistics_.active;
  // The application may have taken its time since the last Poll().
  if (connection.begun_us_ != 0) {
    const uint64_t ended_us = ExactMicroseconds();
    connection.duration_us_ = ended_us - connection.begun_us_;
    now_ = std::max(now_, ended_us / 1000);
  } else {
    Tick();
  }
  last_activity_ = now_;
  if (observer_ != nullptr) observer_->OnRequestEnded(connection, now_);
  if (options_.slow_request_ms > 0) NoteTimes(connection);
}

void ConnectionSet::Close(Connection& connection) {
  // Whoever is called for a connection may have closed it: OnLog() can lead anywhere.
  if (connection.state_ == ConnectionState::kFree) return;
  if (connection.state_ == ConnectionState::kActive) NoteRequestEnd(connection);
  if (connection.written_ != nullptr) NoteWritten(connection);
  SetDeadline(connection, 0);
  if (std::exchange(connection.is_tcp_, false)) --tcp_;
  connection.peer_silent_ = false;
  buffers_.Release(std::move(connection.input_));
  connection.fd_.Reset();
  connection.output_.Clear();
  connection.lost_output_ = 0;
  connection.input_size_ = 0;
  connection.state_ = ConnectionState::kFree;
  connection.readable_ = false;
  connection.peer_closed_ = false;
  connection.watches_output_ = false;
  connection.close_after_response_ = false;
  connection.close_when_flushed_ = false;
  connection.waits_for_body_ = false;
  connection.wants_drain_ = false;
  connection.acknowledgement_ = Acknowledgement::kRequests;
  connection.closing_ = Closing::kNo;
  ++connection.serial_;
  // Tags of connections stay below those of listeners, timer and wake-up.
  connection.generation_ = (connection.generation_ + 1) & 0x7fffffff;
  free_slots_.push_back(connection.slot_);
  --statistics_.open;
  if (observer_ != nullptr) observer_->OnConnectionClosed(Tick());
  if ((draining_ || adopted_) && statistics_.open == 0) Wake();
}

uint64_t ConnectionSet::idle_milliseconds() const {
  return statistics_.active > 0 ? 0 : std::max(CoarseMilliseconds(), last_activity_) - last_activity_;
}

const Connection* ConnectionSet::OldestActive(const Connection* except) const {
  const Connection* oldest = nullptr;
  for (const auto& connection : connections_) {
    if (connection->state_ != ConnectionState::kActive || connection.get() == except) continue;
    if (oldest == nullptr || connection->begun_ms_ < oldest->begun_ms_) oldest = connection.get();
  }
  return oldest;
}

void ConnectionSet::LogConnection(const Connection& connection, std::string_view what) {
  std::array<char, 320> line;
  std::snprintf(line.data(), line.size(), "connection %u closed: %.*s", connection.slot_,
                static_cast<int>(what.size()), what.data());
  handler_->OnLog(line.data());
}

}  // namespace lsapi
