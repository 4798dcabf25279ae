// A closed loop: each connection has one request in progress, and sends the next one when the answer is
// there.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "address.h"
#include "answer.h"
#include "histogram.h"

namespace load {

/// What is sent, how often, and what has to come back.
struct Plan {
  Address address;
  std::unique_ptr<AnswerReader> (*make_reader)() = nullptr;
  /// The request as it goes over the wire, its body included if that is short.
  std::string request;
  /// Bytes of body behind `request` that are made up.
  uint64_t upload_bytes = 0;
  size_t connections = 16;
  /// Further connections that are opened, have one request answered, and stay idle.
  size_t idle_connections = 0;
  /// Otherwise every request has a connection of its own; connecting then belongs to its latency.
  bool keep_alive = true;
  std::chrono::nanoseconds duration{};
  /// After so many no further one is begun. 0: `duration` alone counts.
  uint64_t requests = 0;
  int expected_status = 200;
  uint64_t expected_bytes = 0;
  /// What the first answer of each connection has to be. Empty: only its length is compared.
  std::string expected_body;
};

/// Requests of the measured time.
struct Outcome {
  Histogram latency;
  double seconds = 0;
  uint64_t wrong_status = 0;
  uint64_t wrong_size = 0;
};

/// What cannot be gone on with ends the program: no connection, an answer that cannot be read, none for 30 s.
class Generator {
 public:
  /// Opens the connections.
  explicit Generator(Plan plan);
  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;
  ~Generator();

  /// One request on each connection, idle ones too. Empty: each answer was as expected; otherwise what was
  /// not.
  std::string Validate();
  /// Sends requests for the planned time.
  Outcome Run();

 private:
  using Clock = std::chrono::steady_clock;

  struct Connection {
    int fd = -1;
    uint64_t sent = 0;
    bool watches_output = false;
    Clock::time_point begun;
    std::unique_ptr<AnswerReader> reader;
  };

  void Open(Connection* connection);
  void Begin(Connection* connection, bool keep_body);
  void Send(Connection* connection);
  void Watch(Connection* connection, bool output);
  /// Handles what is ready; calls `done` with each connection whose answer is complete.
  template <typename Done>
  void Turn(Done done);
  /// True: an answer is complete.
  bool Receive(Connection* connection);

  const Plan plan_;
  const int epoll_;
  std::vector<Connection> connections_;
  std::vector<char> buffer_;
  std::string upload_;
};

}  // namespace load
