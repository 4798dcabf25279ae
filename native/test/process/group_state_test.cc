// What one image of a parent tells the next.
#include "process/group_state.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace lsapi {
namespace {

/// Descriptors that are handed from image to image: whoever parses a text owns what it names.
struct Handed {
  Handed() {
    const Scoreboard created = Scoreboard::Create(4);
    created.slot(3).requests.store(17);
    board = Keep(created.fd());
    const FileDescriptor event(eventfd(0, EFD_CLOEXEC));
    listener = Keep(event.get());
    waiting = Keep(event.get());
    child.slot = 3;
    child.pid = 4711;
    child.generation = 2;
    child.handed = 5;
    child.started = 123456789;
    child.pings = 9;
    child.channel = {FileDescriptor(Keep(event.get())), FileDescriptor(Keep(event.get()))};
    text = DescribeState(listener, board, 6) + DescribeChild(child) + DescribeWaiting(waiting);
  }
  ~Handed() {
    for (const int fd : descriptors) close(fd);
    child.channel.parent.Release();
    child.channel.child.Release();
  }
  /// High up, where nothing else of this process is.
  int Keep(int fd) {
    descriptors.push_back(fcntl(fd, F_DUPFD, 700));
    return descriptors.back();
  }
  void Forget(int fd) { descriptors.erase(std::find(descriptors.begin(), descriptors.end(), fd)); }

  std::vector<int> descriptors;
  int listener = -1;
  int board = -1;
  int waiting = -1;
  Child child;
  std::string text;
};

bool IsOpen(int fd) { return fcntl(fd, F_GETFD) >= 0; }

TEST_SUITE("the state of a group") {
  TEST_CASE("is understood by the next image") {
    Handed handed;
    CHECK(DescriptorsOf(handed.text) == std::vector<int>{handed.listener, handed.board,
                                                         handed.child.channel.parent.get(),
                                                         handed.child.channel.child.get(), handed.waiting});
    std::optional<GroupState> state = GroupState::Parse(handed.text);
    handed.descriptors.clear();
    REQUIRE(state);
    CHECK(state->listener.get() == handed.listener);
    CHECK(state->board.fd() == handed.board);
    CHECK(state->board.slot(3).requests.load() == 17);
    CHECK(state->failed_loads == 6);
    REQUIRE(state->waiting.size() == 1);
    CHECK(state->waiting[0].get() == handed.waiting);
    REQUIRE(state->children.size() == 1);
    const Child& child = *state->children[0];
    CHECK(child.slot == 3);
    CHECK(child.pid == 4711);
    CHECK(child.generation == 2);
    CHECK(child.handed == 5);
    CHECK(child.started == 123456789);
    CHECK(child.last_handed == child.started);
    CHECK(child.pings == 9);
    CHECK(DescribeChild(child) == DescribeChild(handed.child));
    for (const int fd : DescriptorsOf(handed.text)) CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
  }

  TEST_CASE("owns what it has taken") {
    Handed handed;
    const std::vector<int> descriptors = std::exchange(handed.descriptors, {});
    { REQUIRE(GroupState::Parse(handed.text)); }
    for (const int fd : descriptors) CHECK_FALSE(IsOpen(fd));
  }

  TEST_CASE("is none where it is cut off in the middle of something") {
    const std::string whole = Handed().text;
    for (size_t size = 0; size < whole.size(); ++size) {
      Handed handed;
      REQUIRE(handed.text == whole);
      const std::string text = whole.substr(0, size);
      const std::optional<GroupState> state = GroupState::Parse(text);
      for (const int fd : DescriptorsOf(whole)) {
        if (!IsOpen(fd) || state) std::erase(handed.descriptors, fd);
      }
      // A number may be cut and still be one; it names what is not open then, except for the last of the head
      // and of a child. Parts are optional.
      const size_t head = whole.find(";c");
      const size_t children = whole.find(";w");
      const bool complete = size == head || size == head + 1 || size == children || size == children + 1;
      if (state) {
        CHECK(complete);
        CHECK(state->children.size() == (size >= children ? 1u : 0u));
        CHECK(state->waiting.empty());
      } else {
        CHECK_FALSE(complete);
      }
      for (const int fd : DescriptorsOf(whole)) close(fd);
      handed.descriptors.clear();
    }
  }

  TEST_CASE("is none where it is not of this version or no state at all") {
    for (const char* text :
         {"", ";", "1", "1;", "2;3,4,5", "1;-1,-1,0", "1;,,", "1;a,b,c", "1;999999,999998,0",
          "1;99999999999999999999,1,0", "1; 3,4,5", "garbage", "1;;;;", "\xff\xfe"}) {
      CAPTURE(text);
      CHECK_FALSE(GroupState::Parse(text));
    }
    for (const char* text : {"", "2;3,4,5", "garbage", "1;a,b,c", "1;99999999999999999999,x"}) {
      CHECK(DescriptorsOf(text).empty());
    }
  }

  TEST_CASE("is none where it contradicts itself") {
    const auto refuses = [](const auto& change) {
      Handed handed;
      const std::string text = change(handed);
      const bool refused = !GroupState::Parse(text);
      std::erase_if(handed.descriptors, [](int fd) { return !IsOpen(fd); });
      return refused;
    };
    // A slot that there is not, or that is somebody else's.
    CHECK(refuses([](Handed& handed) {
      handed.child.slot = 4;
      return DescribeState(handed.listener, handed.board) + DescribeChild(handed.child);
    }));
    CHECK(refuses([](Handed& handed) {
      Child second;
      second.slot = handed.child.slot;
      second.pid = 4712;
      second.channel = {FileDescriptor(handed.Keep(handed.listener)),
                        FileDescriptor(handed.Keep(handed.listener))};
      std::string text = handed.text + DescribeChild(second);
      second.channel.parent.Release();
      second.channel.child.Release();
      return text;
    }));
    // Signals to these would reach others than the child.
    for (const pid_t pid : {0, -1, -4711}) {
      CHECK(refuses([pid](Handed& handed) {
        handed.child.pid = pid;
        return DescribeState(handed.listener, handed.board) + DescribeChild(handed.child);
      }));
    }
    // A descriptor with two owners.
    CHECK(refuses([](Handed& handed) { return handed.text + DescribeWaiting(handed.waiting); }));
    CHECK(refuses([](Handed& handed) { return DescribeState(handed.board, handed.board); }));
    // No scoreboard; a part that nobody knows; something that is no number.
    CHECK(refuses([](Handed& handed) { return DescribeState(handed.board, handed.listener); }));
    CHECK(refuses([](Handed& handed) { return handed.text + ";x1"; }));
    CHECK(refuses([](Handed& handed) {
      return handed.text +
             ";"
             ";";
    }));
    CHECK(refuses([](Handed& handed) { return handed.text + ";wx"; }));
    CHECK(refuses([](Handed& handed) { return handed.text + ";c"; }));
    CHECK(refuses([](Handed& handed) { return handed.text + ";c1,2"; }));
  }
}

}  // namespace
}  // namespace lsapi
