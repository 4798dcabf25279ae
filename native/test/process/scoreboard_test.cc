// The shared memory of a process group: who made it, who may read it, and what may be in it.
#include "process/scoreboard.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <string>

namespace lsapi {
namespace {

FileDescriptor Duplicate(int fd) { return FileDescriptor(fcntl(fd, F_DUPFD_CLOEXEC, 0)); }

/// Another mapping of what `change` has done to a fresh scoreboard of two slots.
Scoreboard OpenChanged(const std::function<void(ScoreboardHeader&)>& change) {
  const Scoreboard board = Scoreboard::Create(2);
  REQUIRE(board.is_open());
  change(board.header());
  return Scoreboard::Open(Duplicate(board.fd()));
}

TEST_SUITE("a scoreboard") {
  TEST_CASE("is seen by everybody who opens its memory") {
    const Scoreboard board = Scoreboard::Create(3);
    REQUIRE(board.is_open());
    CHECK(board.slot_count() == 3);
    const Scoreboard other = Scoreboard::Open(Duplicate(board.fd()));
    REQUIRE(other.is_open());
    CHECK(other.slot_count() == 3);
    other.slot(2).requests.store(7);
    board.header().accepted.store(8);
    CHECK(board.slot(2).requests.load() == 7);
    CHECK(other.header().accepted.load() == 8);
  }

  TEST_CASE("begins with free slots, for its owner alone") {
    const Scoreboard board = Scoreboard::Create(2);
    for (uint32_t index = 0; index < 2; ++index) {
      CHECK(board.slot(index).pid.load() == 0);
      CHECK(board.slot(index).state.load() == static_cast<uint32_t>(SlotState::kFree));
    }
    struct stat file;
    REQUIRE(fstat(board.fd(), &file) == 0);
    CHECK((file.st_mode & 0777) == 0600);
    CHECK((fcntl(board.fd(), F_GETFD) & FD_CLOEXEC) != 0);
  }

  TEST_CASE("clears a slot completely") {
    const Scoreboard board = Scoreboard::Create(2);
    std::memset(static_cast<void*>(&board.slot(1)), 0xff, sizeof(ScoreboardSlot));
    board.slot(0).pid.store(5);
    board.Clear(1);
    const ScoreboardSlot& slot = board.slot(1);
    CHECK(std::string(reinterpret_cast<const char*>(&slot), sizeof slot) == std::string(sizeof slot, '\0'));
    CHECK(board.slot(0).pid.load() == 5);
  }

  TEST_CASE("moves with its memory") {
    Scoreboard board = Scoreboard::Create(1);
    const int fd = board.fd();
    Scoreboard moved = std::move(board);
    CHECK(moved.fd() == fd);
    Scoreboard assigned;
    CHECK_FALSE(assigned.is_open());
    assigned = std::move(moved);
    CHECK(assigned.is_open());
    CHECK(assigned.slot_count() == 1);
  }

  TEST_CASE("keeps its size, whoever tries to change it") {
    const Scoreboard board = Scoreboard::Create(1);
    CHECK(ftruncate(board.fd(), 0) == -1);
    CHECK(ftruncate(board.fd(), 1 << 20) == -1);
  }

  TEST_CASE("keeps its number of slots, whatever is written to the header") {
    const Scoreboard board = Scoreboard::Create(2);
    board.header().slot_count = 1000;
    CHECK(board.slot_count() == 2);
    board.header().magic = 0;
    board.Identify();
    const Scoreboard again = Scoreboard::Open(Duplicate(board.fd()));
    REQUIRE(again.is_open());
    CHECK(again.slot_count() == 2);
  }

  TEST_CASE("is recognized by its header and by its size") {
    CHECK(OpenChanged([](ScoreboardHeader&) {}).is_open());
    CHECK_FALSE(OpenChanged([](ScoreboardHeader& header) { header.magic ^= 1; }).is_open());
    CHECK(errno == EINVAL);
    CHECK_FALSE(OpenChanged([](ScoreboardHeader& header) { header.version += 1; }).is_open());
    CHECK_FALSE(OpenChanged([](ScoreboardHeader& header) { header.slot_size -= 1; }).is_open());
    CHECK_FALSE(OpenChanged([](ScoreboardHeader& header) { header.slot_count += 1; }).is_open());
    CHECK_FALSE(OpenChanged([](ScoreboardHeader& header) { header.slot_count = 0; }).is_open());
    CHECK_FALSE(OpenChanged([](ScoreboardHeader& header) { header.slot_count = UINT32_MAX; }).is_open());
  }

  TEST_CASE("is not found in other files") {
    CHECK_FALSE(Scoreboard::Open(FileDescriptor()).is_open());
    for (const off_t size : {0, 100, 512, 1024, 5000}) {
      FileDescriptor memory(memfd_create("other", MFD_CLOEXEC));
      REQUIRE(ftruncate(memory.get(), size) == 0);
      CHECK_FALSE(Scoreboard::Open(std::move(memory)).is_open());
    }
    CHECK_FALSE(Scoreboard::Open(FileDescriptor(open("/", O_RDONLY | O_CLOEXEC))).is_open());
  }
}

TEST_SUITE("the text of a slot") {
  TEST_CASE("is read as it was stored, and cut to fit") {
    const Scoreboard board = Scoreboard::Create(1);
    ScoreboardSlot& slot = board.slot(0);
    StoreText(slot, "GET", "/a?b=c");
    CHECK(ReadText(slot).method == "GET");
    CHECK(ReadText(slot).url == "/a?b=c");
    StoreText(slot, std::string(100, 'M'), std::string(5000, 'u'));
    CHECK(ReadText(slot).method == std::string(sizeof slot.method - 1, 'M'));
    CHECK(ReadText(slot).url == std::string(sizeof slot.url - 1, 'u'));
    StoreText(slot, "", "");
    CHECK(ReadText(slot).method.empty());
    CHECK(ReadText(slot).url.empty());
  }

  TEST_CASE("has an even version when it is whole, another one for each change") {
    const Scoreboard board = Scoreboard::Create(1);
    ScoreboardSlot& slot = board.slot(0);
    uint32_t before = slot.text_version.load();
    for (int change = 0; change < 3; ++change) {
      StoreText(slot, "GET", "/");
      const uint32_t after = slot.text_version.load();
      CHECK(after % 2 == 0);
      CHECK(after != before);
      before = after;
    }
    // A child that died in the middle of a change leaves an odd one: the next in its place goes on from
    // there.
    slot.text_version.store(UINT32_MAX);
    StoreText(slot, "PUT", "/x");
    CHECK(slot.text_version.load() % 2 == 0);
  }

  TEST_CASE("is read within its bounds, even if it is torn and has no end") {
    const Scoreboard board = Scoreboard::Create(1);
    ScoreboardSlot& slot = board.slot(0);
    std::memset(static_cast<void*>(&slot), 'x', sizeof slot);
    slot.text_version.store(1);
    CHECK(ReadText(slot).method == std::string(sizeof slot.method, 'x'));
    CHECK(ReadText(slot).url == std::string(sizeof slot.url, 'x'));
  }
}

}  // namespace
}  // namespace lsapi
