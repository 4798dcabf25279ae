// Load generator: keeps a number of connections busy with one request each and measures the answers.
//
//   load --protocol lsapi|http --socket PATH --connections N --seconds S --request FILE --body-bytes N
//
// Every answer is checked: it must end properly and carry exactly the expected number of body bytes. Prints
// one line of JSON; exit status 1 when an answer was wrong.
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void Fail(const std::string& message) {
  std::fprintf(stderr, "load: %s\n", message.c_str());
  std::exit(2);
}

/// Recognises the end of one answer and counts its body.
class AnswerReader {
 public:
  enum class Progress { kMore, kDone, kBroken };
  virtual ~AnswerReader() = default;
  /// Consumes bytes; kDone when the answer is complete and nothing is left over.
  virtual Progress Consume(const char* data, size_t size) = 0;
  virtual void Reset() = 0;
  uint64_t body_bytes() const { return body_bytes_; }

 protected:
  uint64_t body_bytes_ = 0;
};

class LsapiReader : public AnswerReader {
 public:
  Progress Consume(const char* data, size_t size) override {
    while (size > 0) {
      if (header_size_ < header_.size()) {
        const size_t take = std::min(size, header_.size() - header_size_);
        std::memcpy(header_.data() + header_size_, data, take);
        header_size_ += take;
        data += take;
        size -= take;
        if (header_size_ < header_.size()) return Progress::kMore;
        uint32_t length;
        std::memcpy(&length, header_.data() + 4, sizeof length);
        if (header_[0] != 'L' || header_[1] != 'S' || length < 8) return Progress::kBroken;
        payload_ = length - 8;
        if (header_[2] == kStream) body_bytes_ += payload_;
      }
      const size_t take = std::min<size_t>(size, payload_);
      data += take;
      size -= take;
      payload_ -= static_cast<uint32_t>(take);
      if (payload_ > 0) return Progress::kMore;
      header_size_ = 0;
      if (header_[2] == kEnd) return size == 0 ? Progress::kDone : Progress::kBroken;
    }
    return Progress::kMore;
  }
  void Reset() override {
    header_size_ = 0;
    payload_ = 0;
    body_bytes_ = 0;
  }

 private:
  static constexpr char kStream = 4;
  static constexpr char kEnd = 5;
  std::array<char, 8> header_{};
  size_t header_size_ = 0;
  uint32_t payload_ = 0;
};

/// HTTP/1.1 answers with a Content-Length.
class HttpReader : public AnswerReader {
 public:
  Progress Consume(const char* data, size_t size) override {
    if (!in_body_) {
      head_.append(data, size);
      const size_t end = head_.find("\r\n\r\n");
      if (end == std::string::npos) return Progress::kMore;
      const size_t at = FindLength();
      if (at == std::string::npos) return Progress::kBroken;
      left_ = std::strtoull(head_.c_str() + at, nullptr, 10);
      in_body_ = true;
      size = head_.size() - (end + 4);
    }
    if (size > left_) return Progress::kBroken;
    left_ -= size;
    body_bytes_ += size;
    return left_ == 0 ? Progress::kDone : Progress::kMore;
  }
  void Reset() override {
    head_.clear();
    in_body_ = false;
    left_ = 0;
    body_bytes_ = 0;
  }

 private:
  size_t FindLength() const {
    constexpr std::string_view kName = "content-length:";
    const auto at = std::search(head_.begin(), head_.end(), kName.begin(), kName.end(),
                                [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
    return at == head_.end() ? std::string::npos : static_cast<size_t>(at - head_.begin()) + kName.size();
  }
  std::string head_;
  bool in_body_ = false;
  uint64_t left_ = 0;
};

struct Connection {
  int fd = -1;
  size_t sent = 0;
  Clock::time_point begun;
  std::unique_ptr<AnswerReader> reader;
};

struct Options {
  std::string protocol, socket, request_file;
  size_t connections = 16;
  double seconds = 2;
  uint64_t body_bytes = 0;
};

Options ParseOptions(int argc, char** argv) {
  std::map<std::string, std::string> values;
  for (int i = 1; i + 1 < argc; i += 2) values[argv[i]] = argv[i + 1];
  Options options;
  options.protocol = values["--protocol"];
  options.socket = values["--socket"];
  options.request_file = values["--request"];
  if (values.count("--connections")) options.connections = std::stoul(values["--connections"]);
  if (values.count("--seconds")) options.seconds = std::stod(values["--seconds"]);
  if (values.count("--body-bytes")) options.body_bytes = std::stoull(values["--body-bytes"]);
  if (options.socket.empty() || options.request_file.empty()) Fail("--socket and --request are needed");
  return options;
}

int Connect(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    Fail("cannot connect to " + path + ": " + std::strerror(errno));
  }
  fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

class Load {
 public:
  Load(Options options, std::string request)
      : options_(std::move(options)), request_(std::move(request)), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    for (size_t i = 0; i < options_.connections; ++i) {
      Connection& connection = connections_.emplace_back();
      connection.fd = Connect(options_.socket);
      if (options_.protocol == "http") {
        connection.reader = std::make_unique<HttpReader>();
      } else {
        connection.reader = std::make_unique<LsapiReader>();
      }
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.u64 = i;
      epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event);
    }
  }

  int Run() {
    const auto begin = Clock::now();
    const auto end =
        begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options_.seconds));
    for (Connection& connection : connections_) Begin(&connection);
    while (open_ > 0) {
      std::array<epoll_event, 256> events;
      const int count = epoll_wait(epoll_, events.data(), events.size(), 5000);
      if (count == 0) Fail("no answer within 5 seconds");
      stopping_ = Clock::now() >= end;
      for (int i = 0; i < count; ++i)
        Handle(&connections_[events[static_cast<size_t>(i)].data.u64], events[static_cast<size_t>(i)].events);
    }
    Report(std::chrono::duration<double>(Clock::now() - begin).count());
    return wrong_ == 0 ? 0 : 1;
  }

 private:
  void Begin(Connection* connection) {
    connection->sent = 0;
    connection->begun = Clock::now();
    connection->reader->Reset();
    ++open_;
    Send(connection);
  }

  void Send(Connection* connection) {
    while (connection->sent < request_.size()) {
      const ssize_t sent = send(connection->fd, request_.data() + connection->sent,
                                request_.size() - connection->sent, MSG_NOSIGNAL);
      if (sent < 0) {
        if (errno == EAGAIN) return Watch(connection, EPOLLIN | EPOLLOUT);
        Fail(std::string("send: ") + std::strerror(errno));
      }
      connection->sent += static_cast<size_t>(sent);
    }
  }

  void Watch(Connection* connection, uint32_t what) {
    epoll_event event{};
    event.events = what;
    event.data.u64 = static_cast<uint64_t>(connection - connections_.data());
    epoll_ctl(epoll_, EPOLL_CTL_MOD, connection->fd, &event);
  }

  void Handle(Connection* connection, uint32_t events) {
    if ((events & EPOLLOUT) != 0) {
      Watch(connection, EPOLLIN);
      Send(connection);
    }
    if ((events & EPOLLIN) == 0) return;
    const ssize_t size = recv(connection->fd, buffer_.data(), buffer_.size(), 0);
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) Fail("the server closed a connection");
    switch (connection->reader->Consume(buffer_.data(), static_cast<size_t>(size))) {
      case AnswerReader::Progress::kMore:
        return;
      case AnswerReader::Progress::kBroken:
        Fail("an answer that cannot be read");
      case AnswerReader::Progress::kDone:
        break;
    }
    if (connection->reader->body_bytes() != options_.body_bytes) ++wrong_;
    latencies_.push_back(static_cast<uint32_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - connection->begun).count()));
    --open_;
    if (!stopping_) Begin(connection);
  }

  void Report(double seconds) {
    std::sort(latencies_.begin(), latencies_.end());
    const auto quantile = [&](double q) {
      return latencies_.empty()
                 ? 0.0
                 : latencies_[std::min(latencies_.size() - 1,
                                       static_cast<size_t>(q * static_cast<double>(latencies_.size())))] /
                       1000.0;
    };
    std::printf("{\"requests\":%zu,\"wrong\":%zu,\"seconds\":%.6f,\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f}\n",
                latencies_.size(), wrong_, seconds, quantile(0.5), quantile(0.99), quantile(0.999));
  }

  const Options options_;
  const std::string request_;
  const int epoll_;
  std::vector<Connection> connections_;
  std::vector<uint32_t> latencies_;  // nanoseconds
  std::vector<char> buffer_ = std::vector<char>(256 * 1024);
  size_t open_ = 0;
  size_t wrong_ = 0;
  bool stopping_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  const Options options = ParseOptions(argc, argv);
  std::ifstream file(options.request_file, std::ios::binary);
  if (!file) Fail("cannot read " + options.request_file);
  std::string request((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  return Load(options, std::move(request)).Run();
}
