// Opens connections one after another, each for one request, and measures how long the answers take.
//
//   new-connections --socket PATH --request FILE [--count N] [--interval-ms N] [--keep]
//
// Prints a line of JSON for each: when it began (CLOCK_MONOTONIC, ms), the pid of the process that answered,
// µs from before connect() to the PID notice and to the end of the answer, how often the request was sent.
// With --keep the connections stay open; the tool then waits until its standard input ends. Without --count
// it goes on until SIGTERM. Exit status 1: an answer was wrong.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <thread>

#include "packets.h"

namespace {

using Clock = std::chrono::steady_clock;

volatile std::sig_atomic_t stopping = 0;

double Microseconds(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double, std::micro>(to - from).count();
}

[[noreturn]] void Fail(const std::string& message) {
  std::fflush(stdout);
  std::fprintf(stderr, "new-connections: %s\n", message.c_str());
  std::exit(1);
}

int Connect(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int result;
  do {
    result = connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address);
  } while (result != 0 && errno == EINTR);
  if (fd < 0 || result != 0) Fail("cannot connect to " + path + ": " + std::strerror(errno));
  const timeval limit{60, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  return fd;
}

struct Sample {
  int32_t pid = 0;
  double notice = 0;
  double answer = 0;
};

/// One delivery. False: the connection ended before anything said that the request had arrived.
bool Deliver(int fd, const std::string& request, Clock::time_point begun, Sample* sample, std::string* body) {
  if (send(fd, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
    return false;
  load::PacketReader reader;
  std::array<char, 65536> buffer;
  int32_t status = 0;
  for (;;) {
    const ssize_t size = recv(fd, buffer.data(), buffer.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) Fail("no answer within 60 s");
    if (size <= 0) {
      if (sample->pid == 0 && status == 0) return false;
      Fail("process " + std::to_string(sample->pid) + " closed the connection instead of answering");
    }
    reader.Push(buffer.data(), static_cast<size_t>(size));
    load::Packet packet;
    while (reader.Next(&packet)) {
      if (const int32_t pid = load::NoticedPid(packet); pid != 0) {
        sample->pid = pid;
        sample->notice = Microseconds(begun, Clock::now());
      }
      if (packet.type == load::PacketType::kHeader) status = load::StatusOf(packet);
      if (packet.type == load::PacketType::kStream) body->append(packet.payload);
      if (packet.type != load::PacketType::kEnd) continue;
      sample->answer = Microseconds(begun, Clock::now());
      if (status != 200) Fail("status " + std::to_string(status) + ": " + *body);
      return true;
    }
    if (reader.is_broken()) Fail("an answer that cannot be read");
  }
}

}  // namespace

int main(int argc, char** argv) {
  auto options = load::ParseOptions(argc, argv);
  const uint64_t count = options.count("--count") ? std::stoull(options["--count"]) : 0;
  const int interval = options.count("--interval-ms") ? std::stoi(options["--interval-ms"]) : 0;
  const bool keep = options.count("--keep") > 0;
  load::NumberedRequest request(options["--request"]);
  std::signal(SIGTERM, [](int) { stopping = 1; });
  for (uint64_t number = 1; stopping == 0 && (count == 0 || number <= count); ++number) {
    const std::string& bytes = request.WithNumber(number);
    Sample sample;
    std::string body;
    int deliveries = 0;
    const Clock::time_point begun = Clock::now();
    for (bool done = false; !done;) {
      if (++deliveries > 3) Fail("three connections in a row ended without an answer");
      const int fd = Connect(options["--socket"]);
      done = Deliver(fd, bytes, begun, &sample, &body);
      if (!done || !keep) close(fd);
    }
    if (!request.IsEchoedIn(body, number)) Fail("not the answer to this request: " + body);
    std::printf("{\"at\":%.3f,\"pid\":%d,\"notice\":%.1f,\"answer\":%.1f,\"deliveries\":%d}\n",
                std::chrono::duration<double, std::milli>(begun.time_since_epoch()).count(), sample.pid,
                sample.notice, sample.answer, deliveries);
    std::fflush(stdout);
    if (interval > 0) std::this_thread::sleep_for(std::chrono::milliseconds(interval));
  }
  if (keep) {
    std::printf("{\"open\":true}\n");
    std::fflush(stdout);
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
  }
  return 0;
}
