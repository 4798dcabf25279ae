// A process group as a web server sees it: a parent in a process of its own, whose children run an
// application that does what its requests say.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "process/supervisor.h"
#include "support/forked_process.h"
#include "support/web_server.h"

namespace lsapi::test {

/// One connection of the web server to the group.
class Client {
 public:
  explicit Client(WebServer server) : server_(std::move(server)) {}
  /// Sends a request; see TestGroup for what it may be.
  Client& Ask(const std::string& uri);
  /// Waits for the end of the response, or of the connection; everything that has come, as
  /// support/response_text.h describes it.
  std::string Hear();
  /// Likewise: the body, which mostly is the pid of who answers.
  std::string Body();
  bool HasAnswer();
  /// Whether the connection is over; takes what has come.
  bool IsClosed();
  void Close() { server_.Close(); }
  /// Everything received.
  const std::string& received() const { return received_; }

 private:
  WebServer server_;
  std::string received_;
};

/// What tests and children tell one another in shared memory.
struct Stage {
  std::atomic<bool> release{false};  // answers held requests
  std::atomic<int32_t> hang{0};      // pid of a child that shall do nothing; 0: none
  std::atomic<int32_t> hanging{0};   // a child that does nothing because of that
  std::atomic<uint32_t> relaxed{0};  // how often children were told to
};

/// Requests: `/pid` tells the pid of the child, `/generation` that of its slot, `/hold` is answered once
/// Stage::release is set, `/spin` never, `/exit/N` ends the child with that status, `/fail` ends it as one
/// that cannot load, `/shut` shuts its channel down, `/noise` writes nonsense to all shared memory that the
/// child can reach and rings without end.
class TestGroup {
 public:
  /// `prepare` runs in the parent, before anything else there.
  explicit TestGroup(
      GroupOptions options, const std::function<void()>& prepare = [] {});
  /// Stops the group: it must end, and nobody may have had a finding of a sanitizer.
  ~TestGroup();
  TestGroup(const TestGroup&) = delete;
  TestGroup& operator=(const TestGroup&) = delete;

  Client Connect() const;
  Client Ask(const std::string& uri) const {
    Client client = Connect();
    client.Ask(uri);
    return client;
  }
  ScoreboardHeader& header() const { return board_.header(); }
  ScoreboardSlot& slot(uint32_t index) const { return board_.slot(index); }
  /// Children that the scoreboard shows.
  uint32_t children() const;
  /// No child has a connection, for all that the parent knows.
  bool IsIdle() const { return header().busy.load() == 0; }
  const CapturedLog& log() const { return log_; }
  Stage& stage() const { return *stage_; }
  ForkedProcess& parent() { return *parent_; }
  /// Ends the group, as a signal does; its exit status.
  int Stop(int signal);
  /// Ends the parent alone, by SIGKILL: the group is not expected to end well any more.
  void KillParent();

 private:
  std::string address_;
  CapturedLog log_;
  Scoreboard board_;
  Stage* stage_;
  std::unique_ptr<ForkedProcess> parent_;
  bool killed_ = false;
};

/// What a group of tests starts with: up to `limit` children that stay.
GroupOptions GroupOf(uint32_t limit, uint32_t concurrency = 1);

/// This program, to be started as `lsnode` is for children, trials and new images.
Program OwnProgram();
/// Main function of that: `role` is what kRoleVariable says. Does not return.
[[noreturn]] void RunAs(const std::string& role);

}  // namespace lsapi::test
