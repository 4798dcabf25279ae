// Forks of a process some of whose memory was to stay its own.
#include "process/fork.h"

#include <doctest/doctest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "support/forked_process.h"
#include "support/system_calls.h"

namespace lsapi {
namespace {

/// Pages that the kernel does not give to children, as V8's.
class KeptMemory {
 public:
  KeptMemory() : memory_(mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
    REQUIRE(memory_ != MAP_FAILED);
    REQUIRE(madvise(memory_, kSize, MADV_DONTFORK) == 0);
    std::memset(memory_, 'x', kSize);
  }
  ~KeptMemory() { munmap(memory_, kSize); }
  KeptMemory(const KeptMemory&) = delete;
  KeptMemory& operator=(const KeptMemory&) = delete;
  /// Whether all of it is there; asked of the kernel, as touching it would be the end.
  bool IsMapped() const {
    unsigned char pages[kSize / 4096];
    return mincore(memory_, kSize, pages) == 0;
  }
  char last() const { return static_cast<const char*>(memory_)[kSize - 1]; }

 private:
  static constexpr size_t kSize = 65536;
  void* const memory_;
};

TEST_SUITE("a fork") {
  TEST_CASE("has no memory that is marked to stay the parent's, unless the marks are lifted") {
    const KeptMemory memory;
    test::ForkedProcess without([&] { return memory.IsMapped() ? 1 : 0; });
    CHECK(without.ExitStatus() == 0);
    CHECK(AllowForkOfAllMappings() == 0);
    test::ForkedProcess with([&] { return memory.IsMapped() && memory.last() == 'x' ? 0 : 1; });
    CHECK(with.ExitStatus() == 0);
  }

  TEST_CASE("with all mappings has them all") {
    const KeptMemory first;
    const KeptMemory second;
    const ForkResult result = ForkWithAllMappings();
    if (result.pid == 0) _exit(first.IsMapped() && second.IsMapped() && second.last() == 'x' ? 0 : 1);
    REQUIRE(result.pid > 0);
    CHECK(result.error == 0);
    CHECK(test::ForkedProcess(result.pid).ExitStatus() == 0);
  }

  TEST_CASE("that the kernel refuses is told with the reason") {
    test::system_calls().fail_forks = 1;
    const ForkResult result = ForkWithAllMappings();
    if (result.pid == 0) _exit(0);
    CHECK(result.pid == -1);
    CHECK(result.error == EAGAIN);
  }
}

}  // namespace
}  // namespace lsapi
