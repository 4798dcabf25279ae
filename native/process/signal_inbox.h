// Signals for a loop without JavaScript. Handlers, not signalfd: Node has threads that do not block these
// signals, and the kernel gives a signal to any thread that does not.
#pragma once

#include <array>
#include <csignal>
#include <cstdint>

#include "../io/file_descriptor.h"

namespace lsapi {

class SignalInbox {
 public:
  /// From now on the signals below come here. One at a time in a process.
  SignalInbox();
  /// Gives the signals back to who had them, and leaves the set of blocked ones as it is.
  ~SignalInbox();
  SignalInbox(const SignalInbox&) = delete;
  SignalInbox& operator=(const SignalInbox&) = delete;

  bool is_open() const { return wake_.is_open(); }
  /// Readable when a signal has come.
  int fd() const { return wake_.get(); }
  /// Whether a signal has come since the last call. Call Clear() before the first.
  bool Take(int signal);
  void Clear();

  /// Catches the signals again, after somebody has changed that.
  void Reinstall();

  /// Around fork(): a child must not answer its parent's signals. The child unblocks them when it has
  /// handlers of its own.
  void Block();
  void Unblock();
  const sigset_t& signals_before() const { return before_; }

 private:
  static constexpr std::array<int, 6> kSignals = {SIGTERM, SIGINT, SIGQUIT, SIGUSR1, SIGHUP, SIGCHLD};

  FileDescriptor wake_;  // eventfd
  std::array<struct sigaction, kSignals.size()> former_{};
  sigset_t before_{};  // blocked before Block()
};

/// Unblocks what SignalInbox::Block() blocks.
void UnblockGroupSignals();

/// In a child: when its parent is gone, a child that still runs after `seconds` is ended by SIGALRM, even if
/// its JavaScript hangs. Call right after fork.
void EndAfterParent(unsigned seconds);

}  // namespace lsapi
