// Children get the mappings that MADV_DONTFORK keeps from them, as V8's heap is.
#include "process/fork.h"

#include <doctest/doctest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <span>

#include "support/system_calls.h"

namespace lsapi {
namespace {

/// Pages that fork() does not copy.
class HiddenPages {
 public:
  explicit HiddenPages(size_t pages) : size_(pages * static_cast<size_t>(sysconf(_SC_PAGESIZE))) {
    void* memory = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(memory != MAP_FAILED);
    bytes_ = {static_cast<std::byte*>(memory), size_};
    bytes_.front() = bytes_.back() = kMark;
    REQUIRE(madvise(memory, size_, MADV_DONTFORK) == 0);
  }
  ~HiddenPages() { munmap(bytes_.data(), size_); }
  HiddenPages(const HiddenPages&) = delete;
  HiddenPages& operator=(const HiddenPages&) = delete;

  bool AreThere() const { return bytes_.front() == kMark && bytes_.back() == kMark; }
  /// Whether this process has them at all; reading them would end it.
  bool AreMapped() const { return msync(bytes_.data(), size_, MS_ASYNC) == 0; }

 private:
  static constexpr std::byte kMark{42};
  size_t size_;
  std::span<std::byte> bytes_;
};

/// The status with which a child ends; -1 by a signal.
int Wait(pid_t pid) {
  int status = 0;
  REQUIRE(waitpid(pid, &status, 0) == pid);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_CASE("fork: a mapping marked MADV_DONTFORK is missing in a child") {
  const HiddenPages pages(3);
  const pid_t pid = fork();
  if (pid == 0) _exit(pages.AreMapped() ? 1 : 0);
  CHECK(Wait(pid) == 0);
}

TEST_CASE("fork: ForkWithAllMappings gives a child all of them, also new ones") {
  const std::array<HiddenPages, 3> pages{HiddenPages(1), HiddenPages(3), HiddenPages(64)};
  for (int round = 0; round < 2; round++) {
    const HiddenPages later(2);
    const ForkResult result = ForkWithAllMappings();
    if (result.pid == 0) {
      for (const HiddenPages& each : pages) {
        if (!each.AreMapped() || !each.AreThere()) _exit(1);
      }
      _exit(later.AreMapped() && later.AreThere() ? 0 : 2);
    }
    REQUIRE(result.error == 0);
    CHECK(Wait(result.pid) == 0);
  }
}

TEST_CASE("fork: a refusal of the kernel is told with its reason") {
  test::system_calls().fail_forks = 1;
  const ForkResult result = ForkWithAllMappings();
  if (result.pid == 0) _exit(0);
  CHECK(result.pid == -1);
  CHECK(result.error == EAGAIN);
}

}  // namespace
}  // namespace lsapi
