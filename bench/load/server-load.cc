// Load as LiteSpeed makes it: persistent connections with one request each at a time; CONN_CLOSE ends a
// connection after the response; a request whose connection ended before anything of it was acknowledged or
// answered is sent again on another one, three times in all. Whatever else goes wrong is a failure.
//
//   server-load --socket PATH --request FILE --connections N [--requests N] [--think-ms N] [--body-has-pid]
//
// Every answer is checked: status 200, the request's number in it, with --body-has-pid the pid of the PID
// notice as well. Prints lines of JSON: each failure, progress each second, a summary. Without --requests it
// goes on until SIGTERM. Exit status 1: there were failures.
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>

#include "packets.h"

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

volatile std::sig_atomic_t stop_wanted = 0;

constexpr int kDeliveries = 3;
constexpr milliseconds kRequestTimeout{30'000};
constexpr milliseconds kConnectRetry{10};

double Milliseconds(Clock::time_point time) {
  return std::chrono::duration<double, std::milli>(time.time_since_epoch()).count();
}

struct Connection {
  int fd = -1;
  int32_t pid = 0;       // of the process that has it; 0: not told
  uint64_t served = 0;   // requests answered on it
  bool closing = false;  // CONN_CLOSE has come
  bool watches_output = false;
  load::PacketReader reader;
  // The request in progress.
  uint64_t number = 0;  // 0: none
  int deliveries = 0;
  size_t sent = 0;
  bool acknowledged = false;
  int32_t status = 0;
  std::string body;
  Clock::time_point begun;
  /// Nothing is done before: between requests, and where the backlog was full.
  Clock::time_point not_before;
};

class ServerLoad {
 public:
  explicit ServerLoad(std::map<std::string, std::string> options)
      : socket_(options["--socket"]),
        request_(options["--request"]),
        limit_(options.count("--requests") ? std::stoull(options["--requests"]) : ~uint64_t{0}),
        think_(options.count("--think-ms") ? std::stoi(options["--think-ms"]) : 0),
        body_has_pid_(options.count("--body-has-pid") > 0),
        epoll_(epoll_create1(EPOLL_CLOEXEC)),
        connections_(options.count("--connections") ? std::stoul(options["--connections"]) : 16) {}

  int Run() {
    const auto began = now_ = Clock::now();
    auto next_report = began + std::chrono::seconds(1);
    while (open_requests_ > 0 || MayBegin()) {
      for (Connection& connection : connections_) Advance(connection);
      std::array<epoll_event, 128> events;
      const int count = epoll_wait(epoll_, events.data(), events.size(), Timeout());
      now_ = Clock::now();
      for (int i = 0; i < count; ++i) {
        Connection& connection = connections_[events[static_cast<size_t>(i)].data.u64];
        if ((events[static_cast<size_t>(i)].events & EPOLLOUT) != 0) Send(connection);
        if (connection.fd >= 0) Receive(connection);
      }
      if (now_ >= next_report) {
        next_report += std::chrono::seconds(1);
        std::printf("{\"event\":\"progress\",\"at\":%.1f,\"done\":%zu,\"failed\":%llu}\n", Milliseconds(now_),
                    latencies_.size(), static_cast<unsigned long long>(failed_));
        std::fflush(stdout);
      }
    }
    Report(std::chrono::duration<double>(Clock::now() - began).count());
    return failed_ == 0 ? 0 : 1;
  }

 private:
  bool MayBegin() const { return stop_wanted == 0 && next_number_ <= limit_; }

  int Timeout() const {
    int timeout = 200;
    for (const Connection& connection : connections_) {
      if (connection.not_before <= now_) continue;
      const auto left = std::chrono::ceil<milliseconds>(connection.not_before - now_).count();
      timeout = std::min(timeout, static_cast<int>(left));
    }
    return timeout;
  }

  /// Whatever a connection can do now: next request, connect, deliver.
  void Advance(Connection& connection) {
    if (connection.number != 0 && now_ - connection.begun > kRequestTimeout) {
      Lose(connection, "no answer within 30 s");
      Close(connection);
    }
    if (connection.not_before > now_) return;
    if (connection.number == 0) {
      if (!MayBegin()) return;
      connection.number = next_number_++;
      connection.deliveries = 0;
      connection.begun = now_;
      ++open_requests_;
      if (connection.fd >= 0) Deliver(connection);
    }
    if (connection.fd < 0 && Connect(connection)) Deliver(connection);
  }

  bool Connect(Connection& connection) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, socket_.c_str(), sizeof address.sun_path - 1);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      const int error = errno;
      if (fd >= 0) close(fd);
      if (error != EAGAIN) {
        std::fprintf(stderr, "server-load: cannot connect to %s: %s\n", socket_.c_str(),
                     std::strerror(error));
        std::exit(2);
      }
      // The backlog is full; the server tries again later.
      connection.not_before = now_ + kConnectRetry;
      return false;
    }
    ++opened_;
    connection.fd = fd;
    connection.pid = 0;
    connection.served = 0;
    connection.closing = connection.watches_output = false;
    connection.reader.Reset();
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = static_cast<uint64_t>(&connection - connections_.data());
    epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    return true;
  }

  void Deliver(Connection& connection) {
    ++connection.deliveries;
    connection.sent = 0;
    connection.acknowledged = false;
    connection.status = 0;
    connection.body.clear();
    Send(connection);
  }

  void Send(Connection& connection) {
    const std::string& bytes = request_.WithNumber(connection.number);
    const ssize_t sent =
        send(connection.fd, bytes.data() + connection.sent, bytes.size() - connection.sent, MSG_NOSIGNAL);
    // An error shows in recv() as well, behind what has come before.
    connection.sent += sent > 0 ? static_cast<size_t>(sent) : 0;
    const bool is_full = (sent >= 0 || errno == EAGAIN) && connection.sent < bytes.size();
    if (is_full == connection.watches_output) return;
    connection.watches_output = is_full;
    epoll_event event{};
    event.events = EPOLLIN | (is_full ? uint32_t{EPOLLOUT} : 0);
    event.data.u64 = static_cast<uint64_t>(&connection - connections_.data());
    epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.fd, &event);
  }

  void Receive(Connection& connection) {
    const ssize_t size = recv(connection.fd, buffer_.data(), buffer_.size(), 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size <= 0) return Ended(connection);
    connection.reader.Push(buffer_.data(), static_cast<size_t>(size));
    load::Packet packet;
    while (connection.fd >= 0 && connection.reader.Next(&packet)) Take(connection, packet);
    if (connection.fd < 0) return;
    if (connection.reader.is_broken()) {
      Lose(connection, "an answer that cannot be read");
      Close(connection);
    } else if (connection.closing && connection.number == 0) {
      ++closed_politely_;
      Close(connection);
    }
  }

  void Take(Connection& connection, const load::Packet& packet) {
    switch (packet.type) {
      case load::PacketType::kStderr:
        if (const int32_t pid = load::NoticedPid(packet); pid != 0) {
          connection.pid = pid;
          connection.acknowledged = true;
        }
        return;
      case load::PacketType::kReceived:
        connection.acknowledged = true;
        return;
      case load::PacketType::kClose:
        connection.closing = true;
        return;
      case load::PacketType::kHeader:
        connection.status = load::StatusOf(packet);
        return;
      case load::PacketType::kStream:
        connection.body.append(packet.payload);
        return;
      case load::PacketType::kEnd:
        return Complete(connection);
    }
    Lose(connection, "a packet of an unknown type");
    Close(connection);
  }

  void Complete(Connection& connection) {
    if (connection.number == 0) {
      std::fprintf(stderr, "server-load: an answer without a request\n");
      std::exit(2);
    }
    const bool is_own = request_.IsEchoedIn(connection.body, connection.number);
    const bool has_pid =
        !body_has_pid_ || connection.body.rfind(std::to_string(connection.pid) + ' ', 0) == 0;
    if (connection.status != 200) return Lose(connection, "status " + std::to_string(connection.status));
    if (!is_own) return Lose(connection, "not the answer to this request");
    if (!has_pid) return Lose(connection, "answered by another process than the PID notice told");
    latencies_.push_back(static_cast<uint32_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - connection.begun).count()));
    ++connection.served;
    Forget(connection);
  }

  void Ended(Connection& connection) {
    if (connection.number == 0) {
      ++closed_silently_;
    } else if (!connection.acknowledged && connection.status == 0 && connection.deliveries < kDeliveries) {
      ++sent_again_;
    } else {
      Lose(connection, "the connection ended");
    }
    Close(connection);
  }

  void Lose(Connection& connection, const std::string& why) {
    ++failed_;
    std::printf(
        "{\"event\":\"failed\",\"at\":%.1f,\"pid\":%d,\"number\":%llu,\"why\":\"%s\",\"acknowledged\":%s,"
        "\"status\":%d,\"deliveries\":%d,\"served\":%llu,\"milliseconds\":%.1f}\n",
        Milliseconds(now_), connection.pid, static_cast<unsigned long long>(connection.number), why.c_str(),
        connection.acknowledged ? "true" : "false", connection.status, connection.deliveries,
        static_cast<unsigned long long>(connection.served),
        std::chrono::duration<double, std::milli>(now_ - connection.begun).count());
    std::fflush(stdout);
    Forget(connection);
  }

  void Forget(Connection& connection) {
    connection.number = 0;
    --open_requests_;
    if (think_.count() > 0) connection.not_before = now_ + think_;
  }

  void Close(Connection& connection) {
    close(connection.fd);
    connection.fd = -1;
  }

  void Report(double seconds) {
    std::sort(latencies_.begin(), latencies_.end());
    const auto quantile = [&](double q) {
      const size_t at = static_cast<size_t>(q * static_cast<double>(latencies_.size()));
      return latencies_.empty() ? 0.0 : latencies_[std::min(latencies_.size() - 1, at)] / 1000.0;
    };
    std::printf(
        "{\"event\":\"end\",\"answered\":%zu,\"failed\":%llu,\"sentAgain\":%llu,\"connections\":%llu,"
        "\"closedPolitely\":%llu,\"closedSilently\":%llu,\"seconds\":%.3f,\"p50\":%.3f,\"p99\":%.3f,"
        "\"p999\":%.3f,\"max\":%.3f}\n",
        latencies_.size(), static_cast<unsigned long long>(failed_),
        static_cast<unsigned long long>(sent_again_), static_cast<unsigned long long>(opened_),
        static_cast<unsigned long long>(closed_politely_), static_cast<unsigned long long>(closed_silently_),
        seconds, quantile(0.5), quantile(0.99), quantile(0.999), quantile(1));
  }

  const std::string socket_;
  load::NumberedRequest request_;
  const uint64_t limit_;
  const milliseconds think_;
  const bool body_has_pid_;
  const int epoll_;
  std::vector<Connection> connections_;
  std::vector<char> buffer_ = std::vector<char>(64 * 1024);
  std::vector<uint32_t> latencies_;  // microseconds
  Clock::time_point now_;
  uint64_t next_number_ = 1;
  uint64_t open_requests_ = 0;
  uint64_t failed_ = 0;
  uint64_t sent_again_ = 0;
  uint64_t opened_ = 0;
  uint64_t closed_politely_ = 0;
  uint64_t closed_silently_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGTERM, [](int) { stop_wanted = 1; });
  return ServerLoad(load::ParseOptions(argc, argv)).Run();
}
