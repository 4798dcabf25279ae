#include "application.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "io/listener.h"
#include "protocol/response_writer.h"

namespace lsapi::test {

namespace {

/// A listening socket with a name that the kernel chose, in the abstract namespace: nothing is left behind.
FileDescriptor ListenAnywhere(std::string* address) {
  FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  socklen_t size = sizeof name;
  if (bind(socket.get(), reinterpret_cast<sockaddr*>(&name), sizeof(sa_family_t)) != 0 ||
      listen(socket.get(), 1024) != 0 ||
      getsockname(socket.get(), reinterpret_cast<sockaddr*>(&name), &size) != 0) {
    std::perror("cannot listen");
    std::abort();
  }
  address->assign(reinterpret_cast<const char*>(&name), size);
  return socket;
}

}  // namespace

std::unique_ptr<Retainer> CountedBytes::Retain() const {
  class Owner : public Retainer {
   public:
    explicit Owner(std::shared_ptr<const std::string> text) : text_(std::move(text)) {}

   private:
    std::shared_ptr<const std::string> text_;
  };
  return std::make_unique<Owner>(text_);
}

Application::Application(ConnectionSetOptions options) : set(this, options) {
  if (!set.is_open() || set.Listen(ListenAnywhere(&address_)) != 0) std::abort();
}

FileDescriptor Application::TryConnect() const {
  FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (connect(socket.get(), reinterpret_cast<const sockaddr*>(address_.data()),
              static_cast<socklen_t>(address_.size())) != 0) {
    socket.Reset();
  }
  return socket;
}

WebServer Application::Connect() {
  FileDescriptor socket = TryConnect();
  if (!socket.is_open()) {
    std::perror("cannot connect");
    std::abort();
  }
  return WebServer(std::move(socket));
}

WebServer Application::ConnectTcp() {
  ListenResult listening = ListenTcp("127.0.0.1", 0, 10);
  if (listening.error != 0 || set.Listen(std::move(listening.socket)) != 0) std::abort();
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(listening.port);
  FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) std::abort();
  return WebServer(std::move(socket));
}

bool Application::AcceptsConnections() const { return TryConnect().is_open(); }

WebServer Application::Adopt(int send_buffer) {
  std::array<int, 2> ends;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) std::abort();
  if (send_buffer > 0) setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof send_buffer);
  if (set.Adopt(FileDescriptor(ends[0])) != 0) std::abort();
  return WebServer(FileDescriptor(ends[1]));
}

WebServer Application::Serve(bool acknowledged) {
  std::array<int, 2> ends;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) std::abort();
  if (set.Serve(FileDescriptor(ends[0]), acknowledged) != 0) std::abort();
  return WebServer(FileDescriptor(ends[1]));
}

void Application::Run() {
  pollfd ready{set.fd(), POLLIN, 0};
  while (poll(&ready, 1, 0) > 0) set.Poll();
}

std::string Application::RunAndReceive(WebServer* server) {
  std::string received;
  for (std::string more = "more"; !more.empty(); received += more) {
    Run();
    more = server->Receive();
  }
  return received;
}

bool Application::RunUntil(const std::function<bool()>& done, int seconds) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::seconds(seconds);
  while (!done()) {
    if (Clock::now() > end) return false;
    pollfd ready{set.fd(), POLLIN, 0};
    if (poll(&ready, 1, 50) > 0) set.Poll();
  }
  return true;
}

void SendReply(ConnectionSet* set, Connection& connection, const Reply& reply, std::vector<uint8_t>* room) {
  const Encoding encoding = connection.request().encoding();
  const auto lines = static_cast<uint32_t>(std::count(reply.header.begin(), reply.header.end(), '\n'));
  const size_t bound = ResponseHeaderBound(reply.header.size(), lines);
  const bool external = reply.external || reply.body.size() > kMaximumStreamPayload;
  const size_t body_size = external ? 0 : reply.body.size();
  // [acknowledgement][header][frame header][body][end], as the binding lays it out.
  room->assign(
      ConnectionSet::kAcknowledgeRoom + bound + kPacketHeaderSize + body_size + ConnectionSet::kEndRoom,
      uint8_t{0xee});
  uint8_t* const begin = room->data() + ConnectionSet::kAcknowledgeRoom;
  size_t size = 0;
  if (!reply.header.empty()) {
    const HeaderResult result = WriteResponseHeader(
        reply.header, lines, reply.status, encoding,
        (reply.flags & kRespondContentLength) != 0 ? static_cast<int64_t>(reply.body.size()) : -1,
        {begin, bound});
    if (result.error != HeaderError::kNone) std::abort();
    size = result.size;
    set->MarkHeaderSent(connection, static_cast<uint32_t>(reply.status));
  }
  if (external) {
    set->SendBody(connection, *room, size, CountedBytes(reply.body), reply.flags);
    return;
  }
  if (body_size > 0) {
    StorePacketHeader(begin + size, PacketType::kRespStream,
                      static_cast<uint32_t>(kPacketHeaderSize + body_size), encoding);
    std::memcpy(begin + size + kPacketHeaderSize, reply.body.data(), body_size);
    size += kPacketHeaderSize + body_size;
  }
  set->SendPackets(connection, *room, size, reply.flags);
}

void Application::Send(Connection& connection, const Reply& reply) {
  SendReply(&set, connection, reply, &room_);
}

void Application::SendExternal(Connection& connection, const CountedBytes& body, uint32_t flags) {
  room_.assign(ConnectionSet::kAcknowledgeRoom + ConnectionSet::kEndRoom, uint8_t{0xee});
  set.SendBody(connection, room_, 0, body, flags);
}

std::string Application::ReadBody(Connection& connection, BodyRead* end, size_t piece) {
  std::string body;
  std::vector<uint8_t> into(piece);
  for (;;) {
    const int64_t size = set.ReadBody(connection, into);
    if (size <= 0) {
      if (end != nullptr) *end = static_cast<BodyRead>(size);
      return body;
    }
    body.append(reinterpret_cast<const char*>(into.data()), static_cast<size_t>(size));
  }
}

std::string Application::Events() { return std::exchange(events_, {}); }

void Application::Note(std::string_view event) {
  if (!events_.empty()) events_ += ' ';
  events_ += event;
}

void Application::OnRequest(Connection& connection) {
  Note("request");
  on_request(connection);
}

void Application::OnBody(Connection& connection) {
  Note("body");
  on_body(connection);
}

void Application::OnDrain(Connection& connection) {
  Note("drain");
  on_drain(connection);
}

void Application::OnAbort(Connection& connection, CloseReason /*reason*/) {
  Note("abort");
  on_abort(connection);
}

void Application::OnBodyTimeout(Connection& connection) {
  Note("body-timeout");
  on_body_timeout(connection);
}

void Application::OnDrained() { Note("drained"); }

void Application::OnLog(std::string_view line) {
  Note("log");
  logs_.emplace_back(line);
  on_log();
}

}  // namespace lsapi::test
