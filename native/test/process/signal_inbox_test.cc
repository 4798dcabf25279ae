// Signals for a loop without JavaScript.
#include "process/signal_inbox.h"

#include <doctest/doctest.h>
#include <poll.h>
#include <unistd.h>

#include <csignal>

#include "support/forked_process.h"

namespace lsapi {
namespace {

volatile std::sig_atomic_t noted = 0;

bool IsReadable(int fd) {
  pollfd ready{fd, POLLIN, 0};
  return poll(&ready, 1, 0) > 0;
}

TEST_SUITE("an inbox of signals") {
  TEST_CASE("tells which ones have come, once") {
    SignalInbox inbox;
    REQUIRE(inbox.is_open());
    CHECK_FALSE(IsReadable(inbox.fd()));
    raise(SIGHUP);
    raise(SIGCHLD);
    raise(SIGHUP);
    CHECK(IsReadable(inbox.fd()));
    inbox.Clear();
    CHECK_FALSE(IsReadable(inbox.fd()));
    CHECK(inbox.Take(SIGHUP));
    CHECK_FALSE(inbox.Take(SIGHUP));
    CHECK(inbox.Take(SIGCHLD));
    CHECK_FALSE(inbox.Take(SIGTERM));
    inbox.Clear();
  }

  TEST_CASE("knows nothing of what an earlier one was told") {
    {
      SignalInbox first;
      raise(SIGUSR1);
    }
    SignalInbox second;
    CHECK_FALSE(IsReadable(second.fd()));
    CHECK_FALSE(second.Take(SIGUSR1));
  }

  TEST_CASE("gives signals back to who had them") {
    noted = 0;
    const auto former = signal(SIGUSR1, [](int) { noted = 1; });
    {
      SignalInbox inbox;
      raise(SIGUSR1);
      CHECK(noted == 0);
      // As another image or an addon would.
      signal(SIGUSR1, SIG_IGN);
      inbox.Reinstall();
      inbox.Take(SIGUSR1);
      raise(SIGUSR1);
      CHECK(inbox.Take(SIGUSR1));
    }
    raise(SIGUSR1);
    CHECK(noted == 1);
    signal(SIGUSR1, former);
  }

  TEST_CASE("holds signals back around a fork") {
    SignalInbox inbox;
    inbox.Block();
    raise(SIGHUP);
    CHECK_FALSE(inbox.Take(SIGHUP));
    inbox.Unblock();
    CHECK(inbox.Take(SIGHUP));
    inbox.Block();
    raise(SIGTERM);
    CHECK_FALSE(inbox.Take(SIGTERM));
    UnblockGroupSignals();
    CHECK(inbox.Take(SIGTERM));
    inbox.Unblock();
  }
}

TEST_SUITE("a child whose parent is gone") {
  TEST_CASE("is ended after its patience, even if it does nothing") {
    test::Pipe ready;
    test::Pipe alive;
    test::ForkedProcess parent([&] {
      const pid_t child = fork();
      if (child == 0) {
        EndAfterParent(1);
        ready.writer.Reset();
        for (;;) pause();
      }
      alive.writer.Reset();
      ready.ReadAll();
      return child > 0 ? 0 : 1;
    });
    ready.writer.Reset();
    CHECK(parent.ExitStatus() == 0);
    // Ends once nobody holds the other end any more. Where the child lived on, it never would.
    CHECK(alive.ReadAll().empty());
  }
}

}  // namespace
}  // namespace lsapi
