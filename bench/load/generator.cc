#include "generator.h"

#include <sys/epoll.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace load {
namespace {

constexpr int kPatienceMs = 30'000;
constexpr size_t kPieceOfUpload = 256 * 1024;

[[noreturn]] void Fail(const std::string& message) {
  std::fprintf(stderr, "load: %s\n", message.c_str());
  std::exit(2);
}

}  // namespace

Generator::Generator(Plan plan)
    : plan_(std::move(plan)),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      connections_(plan_.connections + plan_.idle_connections),
      buffer_(256 * 1024),
      upload_(std::min<uint64_t>(plan_.upload_bytes, kPieceOfUpload), 'x') {
  for (Connection& connection : connections_) {
    connection.reader = plan_.make_reader();
    Open(&connection);
  }
}

Generator::~Generator() {
  for (Connection& connection : connections_) close(connection.fd);
  close(epoll_);
}

void Generator::Open(Connection* connection) {
  connection->fd = plan_.address.Connect();
  if (connection->fd < 0) Fail(std::string("cannot connect: ") + std::strerror(errno));
  connection->watches_output = false;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = static_cast<uint64_t>(connection - connections_.data());
  epoll_ctl(epoll_, EPOLL_CTL_ADD, connection->fd, &event);
}

void Generator::Watch(Connection* connection, bool output) {
  if (connection->watches_output == output) return;
  connection->watches_output = output;
  epoll_event event{};
  event.events = output ? uint32_t{EPOLLIN} | EPOLLOUT : uint32_t{EPOLLIN};
  event.data.u64 = static_cast<uint64_t>(connection - connections_.data());
  epoll_ctl(epoll_, EPOLL_CTL_MOD, connection->fd, &event);
}

void Generator::Begin(Connection* connection, bool keep_body) {
  connection->begun = Clock::now();
  if (connection->fd < 0) Open(connection);
  connection->sent = 0;
  connection->reader->Reset(keep_body);
  Send(connection);
}

void Generator::Send(Connection* connection) {
  const uint64_t total = plan_.request.size() + plan_.upload_bytes;
  while (connection->sent < total) {
    std::array<iovec, 2> parts{};
    size_t count = 0;
    uint64_t at = connection->sent;
    if (at < plan_.request.size()) {
      parts[count++] = {const_cast<char*>(plan_.request.data()) + at, plan_.request.size() - at};
      at = plan_.request.size();
    }
    if (at < total) parts[count++] = {upload_.data(), std::min<uint64_t>(upload_.size(), total - at)};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = count;
    const ssize_t sent = sendmsg(connection->fd, &message, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EAGAIN) return Watch(connection, true);
      Fail(std::string("send: ") + std::strerror(errno));
    }
    connection->sent += static_cast<uint64_t>(sent);
  }
  Watch(connection, false);
}

bool Generator::Receive(Connection* connection) {
  const ssize_t size = recv(connection->fd, buffer_.data(), buffer_.size(), 0);
  if (size < 0 && errno == EAGAIN) return false;
  if (size <= 0) Fail("the server closed a connection");
  switch (connection->reader->Consume(std::string_view(buffer_.data(), static_cast<size_t>(size)))) {
    case AnswerReader::Progress::kMore:
      return false;
    case AnswerReader::Progress::kBroken:
      Fail("an answer that cannot be read");
    case AnswerReader::Progress::kDone:
      break;
  }
  if (connection->sent < plan_.request.size() + plan_.upload_bytes)
    Fail("an answer before the whole request");
  return true;
}

template <typename Done>
void Generator::Turn(Done done) {
  std::array<epoll_event, 256> events;
  const int count = epoll_wait(epoll_, events.data(), events.size(), kPatienceMs);
  if (count == 0) Fail("no answer within 30 seconds");
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<size_t>(i)];
    Connection& connection = connections_[event.data.u64];
    if ((event.events & EPOLLOUT) != 0) Send(&connection);
    if ((event.events & ~uint32_t{EPOLLOUT}) != 0 && Receive(&connection)) done(&connection);
  }
}

std::string Generator::Validate() {
  std::string problem;
  size_t left = connections_.size();
  for (Connection& connection : connections_) Begin(&connection, !plan_.expected_body.empty());
  while (left > 0) {
    Turn([&](Connection* connection) {
      --left;
      const AnswerReader& answer = *connection->reader;
      if (answer.status() != plan_.expected_status) {
        problem = "status " + std::to_string(answer.status()) + " instead of " +
                  std::to_string(plan_.expected_status);
      } else if (answer.body_bytes() != plan_.expected_bytes) {
        problem =
            std::to_string(answer.body_bytes()) + " bytes instead of " + std::to_string(plan_.expected_bytes);
      } else if (answer.body() != plan_.expected_body) {
        problem = "another body than expected, of the same length";
      }
    });
  }
  return problem;
}

Outcome Generator::Run() {
  Outcome outcome;
  const auto begin = Clock::now();
  const auto end = begin + plan_.duration;
  const uint64_t limit = plan_.requests > 0 ? plan_.requests : ~uint64_t{0};
  uint64_t begun = 0;
  uint64_t open = 0;
  for (size_t i = 0; i < plan_.connections && begun < limit; ++i, ++begun, ++open)
    Begin(&connections_[i], false);
  while (open > 0) {
    Turn([&](Connection* connection) {
      const auto now = Clock::now();
      const AnswerReader& answer = *connection->reader;
      outcome.latency.Add(static_cast<uint64_t>(std::chrono::nanoseconds(now - connection->begun).count()));
      if (answer.status() != plan_.expected_status) ++outcome.wrong_status;
      if (answer.body_bytes() != plan_.expected_bytes) ++outcome.wrong_size;
      if (!plan_.keep_alive) {
        close(connection->fd);
        connection->fd = -1;
      }
      --open;
      if (now >= end || begun >= limit) return;
      ++begun;
      ++open;
      Begin(connection, false);
    });
  }
  outcome.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  return outcome;
}

}  // namespace load
