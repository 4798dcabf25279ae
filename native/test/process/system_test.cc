// What the kernel tells of the machine and of processes.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "process/debug_info.h"
#include "process/system_memory.h"
#include "support/forked_process.h"

namespace lsapi {
namespace {

constexpr uint64_t kMebibyte = 1024 * 1024;

/// A process that has ended and was waited for: nobody has its pid for the moment.
pid_t PidOfNobody() {
  test::ForkedProcess process([] { return 0; });
  process.Wait();
  return process.pid();
}

TEST_SUITE("memory") {
  TEST_CASE("of the machine is known, in bytes") {
    const SystemMemory memory = ReadSystemMemory();
    CHECK(memory.total > 64 * kMebibyte);
    CHECK(memory.available > 0);
    CHECK(memory.available <= memory.total);
  }

  TEST_CASE("of a process grows with what it uses, and a part of it is private") {
    const uint64_t before = PrivateMemory(getpid());
    const std::vector<char> used(32 * kMebibyte, 'x');
    const uint64_t after = PrivateMemory(getpid());
    CHECK(after >= before + 16 * kMebibyte);
    CHECK(ResidentMemory(getpid()) + kMebibyte >= after);
    CHECK(used.back() == 'x');
  }

  TEST_CASE("of nobody is none") {
    const pid_t pid = PidOfNobody();
    CHECK(ResidentMemory(pid) == 0);
    CHECK(PrivateMemory(pid) == 0);
  }
}

TEST_SUITE("what can be told of a process") {
  TEST_CASE("is its state, and its descriptors") {
    test::Pipe pipe;
    test::ForkedProcess process([]() -> int {
      for (;;) pause();
    });
    const test::OwnLog log;
    LogDebugInfo(process.pid());
    const std::string child = "child " + std::to_string(process.pid());
    CHECK(log.Contains(child + ": State: "));
    CHECK(log.Contains("Threads: 1"));
    CHECK(log.Contains(child + ": descriptor " + std::to_string(pipe.reader.get()) + " is pipe:["));
  }

  TEST_CASE("is nothing where it is gone") {
    const pid_t pid = PidOfNobody();
    const test::OwnLog log;
    LogDebugInfo(pid);
    CHECK_FALSE(log.Contains("descriptor"));
  }
}

}  // namespace
}  // namespace lsapi
