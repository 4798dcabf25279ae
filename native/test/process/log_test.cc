// Lines on stderr, from a process that must never wait for whoever reads them.
#include "process/log.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "support/forked_process.h"

namespace lsapi {
namespace {

std::string Prefix() { return "lsapi[" + std::to_string(getpid()) + "]: "; }

TEST_SUITE("the log of native code") {
  TEST_CASE("is lines that begin with the pid") {
    const test::OwnLog log;
    Log("%s %d", "number", 5);
    Log("next");
    CHECK(log.text() == Prefix() + "number 5\n" + Prefix() + "next\n");
  }

  TEST_CASE("has no control characters from strangers") {
    const test::OwnLog log;
    Log("/a\nlsapi[1]: forged\x1b[2J\x7f\t\xc3\xa4");
    CHECK(log.text() == Prefix() + "/a?lsapi[1]: forged?[2J??\xc3\xa4\n");
  }

  TEST_CASE("cuts long lines") {
    const test::OwnLog log;
    Log("%s", std::string(5000, 'x').c_str());
    const std::string text = log.text();
    CHECK(text.size() == 1024);
    CHECK(text.ends_with("xx\n"));
  }

  TEST_CASE("loses what a full pipe does not take, and does not wait") {
    test::Pipe pipe;
    const FileDescriptor former(fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0));
    REQUIRE(dup2(pipe.writer.get(), STDERR_FILENO) >= 0);
    // 10 MB: more than any pipe holds. Blocking, this test would not end.
    for (int count = 0; count < 10'000; ++count) Log("%s", std::string(1000, 'x').c_str());
    dup2(former.get(), STDERR_FILENO);
    const std::string text = pipe.ReadAll();
    CHECK(text.starts_with(Prefix() + "xxx"));
    CHECK(text.ends_with("x\n"));
    CHECK(text.size() < 5'000'000);
  }
}

}  // namespace
}  // namespace lsapi
