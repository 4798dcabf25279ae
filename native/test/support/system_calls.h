// Counts the system calls of the code under test, and makes some of them behave as they rarely do. The linker
// directs the calls here (`-Wl,--wrap`), so the code under test is the one that ships.
#pragma once

#include <cstddef>
#include <optional>

namespace lsapi::test {

struct SystemCalls {
  // Calls since Reset().
  size_t accepts = 0;
  size_t receives = 0;  // recv and readv
  size_t sends = 0;     // send and sendmsg
  size_t epoll_waits = 0;
  size_t epoll_changes = 0;
  size_t timer_changes = 0;

  /// Bytes that the kernel takes until the next epoll_wait; further sends get EAGAIN.
  std::optional<size_t> send_budget;
  /// errno of the next call; 0: it is a real one.
  int fail_next_accept = 0;
  int fail_next_send = 0;
  int fail_next_receive = 0;
  /// How many of the next calls of fork() fail, with EAGAIN.
  int fail_forks = 0;

  size_t total() const { return accepts + receives + sends + epoll_waits + epoll_changes + timer_changes; }
  void Reset() { *this = {}; }

  size_t budget_left = 0;  // of send_budget
};

SystemCalls& system_calls();

}  // namespace lsapi::test
