#include "signal_inbox.h"

#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

namespace lsapi {

namespace {

std::atomic<uint64_t> received{0};  // a bit for each signal
std::atomic<int> wake_descriptor{-1};

void Receive(int signal) {
  const int error = errno;
  received.fetch_or(uint64_t{1} << signal);
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake_descriptor.load(), &one, sizeof one);
  errno = error;
}

std::atomic<unsigned> orphan_seconds{0};
std::atomic<bool> orphaned{false};

/// SIGALRM comes from the kernel when the parent ends - once for each thread that the parent has had, as the
/// threads of a process that is killed become parents one after the other - and from alarm() when the time is
/// up.
void BecomeOrphan(int /*signal*/) {
  const unsigned remaining = alarm(0);
  if (!orphaned.exchange(true)) {
    alarm(orphan_seconds.load());
  } else if (remaining > 0) {
    alarm(remaining);
  } else {
    signal(SIGALRM, SIG_DFL);
    raise(SIGALRM);
  }
}

}  // namespace

SignalInbox::SignalInbox() : wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  received.store(0);
  wake_descriptor.store(wake_.get());
  for (size_t index = 0; index < kSignals.size(); ++index) {
    sigaction(kSignals[index], nullptr, &former_[index]);
  }
  Reinstall();
}

void SignalInbox::Reinstall() {
  struct sigaction action {};
  action.sa_handler = Receive;
  action.sa_flags = SA_RESTART;
  sigfillset(&action.sa_mask);
  for (const int signal : kSignals) sigaction(signal, &action, nullptr);
}

SignalInbox::~SignalInbox() {
  for (size_t index = 0; index < kSignals.size(); ++index) {
    sigaction(kSignals[index], &former_[index], nullptr);
  }
}

bool SignalInbox::Take(int signal) {
  const uint64_t bit = uint64_t{1} << signal;
  return (received.fetch_and(~bit) & bit) != 0;
}

void SignalInbox::Clear() {
  uint64_t count;
  [[maybe_unused]] const ssize_t size = read(wake_.get(), &count, sizeof count);
}

void SignalInbox::Block() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : kSignals) sigaddset(&set, signal);
  pthread_sigmask(SIG_BLOCK, &set, &before_);
}

void SignalInbox::Unblock() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

void UnblockGroupSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGQUIT, SIGUSR1, SIGHUP, SIGCHLD}) sigaddset(&set, signal);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void EndAfterParent(unsigned seconds) {
  orphan_seconds.store(seconds);
  struct sigaction action {};
  action.sa_handler = BecomeOrphan;
  action.sa_flags = SA_RESTART;
  sigaction(SIGALRM, &action, nullptr);
  prctl(PR_SET_PDEATHSIG, SIGALRM);
}

}  // namespace lsapi
