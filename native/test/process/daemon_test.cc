// The parts of a suEXEC daemon's child that need no root: its slot, its descriptors, its output, the requests
// that it serves. What it becomes is tested with real users in test/suexec.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "process/child_output.h"
#include "process/child_table.h"
#include "process/group_state.h"
#include "process/inherited_descriptors.h"
#include "process/scoreboard.h"
#include "process/secret.h"
#include "support/application.h"
#include "support/forked_process.h"
#include "support/request_builder.h"
#include "support/web_server.h"

namespace lsapi {
namespace {

using test::Application;
using test::ForkedProcess;
using test::Pairs;
using test::RequestBuilder;
using test::WebServer;

std::string Path(const char* name) {
  return std::string("daemon-test-") + std::to_string(getpid()) + "-" + name;
}

class File {
 public:
  File(const char* name, const std::string& text, mode_t mode) : path_(Path(name)) {
    const FileDescriptor file(open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
    REQUIRE(write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    REQUIRE(fchmod(file.get(), mode) == 0);
  }
  ~File() { unlink(path_.c_str()); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST_SUITE("a secret file") {
  TEST_CASE("gives its first sixteen bytes, until they are wiped") {
    const File file("secret", "0123456789abcdef and more", 0600);
    std::string error;
    Secret secret = Secret::Read(file.path(), &error);
    REQUIRE(secret.is_open());
    CHECK(error.empty());
    CHECK(std::memcmp(secret.bytes().data(), "0123456789abcdef", kSecretSize) == 0);
    Secret moved = std::move(secret);
    CHECK(moved.is_open());
    moved.Wipe();
    CHECK_FALSE(moved.is_open());
  }

  TEST_CASE("is refused with the reason") {
    const File open_to_group("group", "0123456789abcdef", 0640);
    const File too_short("short", "0123456789abcde", 0600);
    const File good("good", "0123456789abcdef", 0600);
    const std::string link = Path("link");
    REQUIRE(symlink(good.path().c_str(), link.c_str()) == 0);
    const auto objection = [](const std::string& path) {
      std::string error;
      CHECK_FALSE(Secret::Read(path, &error).is_open());
      return error;
    };
    CHECK(objection(open_to_group.path()).find("chmod 600") != std::string::npos);
    CHECK(objection(too_short.path()).find("fewer than 16 bytes") != std::string::npos);
    CHECK(objection(link).find("symbolic link") != std::string::npos);
    CHECK(objection(".").find("no regular file") != std::string::npos);
    CHECK(objection("/nowhere/at/all").find("No such file") != std::string::npos);
    unlink(link.c_str());
  }
}

TEST_SUITE("the scoreboard of a daemon's child") {
  constexpr uint32_t kFirst = Scoreboard::kOwnPage;
  constexpr uint32_t kSecond = kFirst + Scoreboard::kSlotsInPage;

  TEST_CASE("is its own slot; what else it writes stays with it") {
    const Scoreboard board = Scoreboard::Create(2 * Scoreboard::kSlotsInPage);
    board.slot(kSecond).requests.store(7);
    board.header().accepted.store(8);
    ForkedProcess child([&board] {
      Scoreboard own = Scoreboard::Open(FileDescriptor(fcntl(board.fd(), F_DUPFD_CLOEXEC, 0)));
      if (!own.is_open() || own.KeepOnly(kFirst) != 0) return 1;
      if (own.fd() >= 0 || own.slot_count() != board.slot_count()) return 2;
      // Nothing of others is to be read,
      if (own.slot(kSecond).requests.load() != 0 || own.header().accepted.load() != 0) return 3;
      // or to be changed.
      own.slot(kSecond).requests.store(99);
      own.header().accepted.store(99);
      own.slot(kFirst).requests.store(5);
      return 0;
    });
    CHECK(child.ExitStatus() == 0);
    CHECK(board.slot(kFirst).requests.load() == 5);
    CHECK(board.slot(kSecond).requests.load() == 7);
    CHECK(board.header().accepted.load() == 8);
  }

  TEST_CASE("cannot be one that shares its page") {
    Scoreboard board = Scoreboard::Create(2 * Scoreboard::kSlotsInPage);
    CHECK(board.KeepOnly(kFirst + 1) == EINVAL);
    CHECK(board.KeepOnly(1000) == EINVAL);
    const ChildTable apart(&board, true);
    CHECK(apart.FindFreeSlot() == kFirst);
  }
}

TEST_SUITE("descriptors that a fork leaves") {
  TEST_CASE("become the child's own: nothing that is written there reaches the parent") {
    std::array<int, 2> ends;
    REQUIRE(pipe2(ends.data(), O_NONBLOCK) == 0);
    const FileDescriptor reading(ends[0]);
    const FileDescriptor writing(ends[1]);
    const FileDescriptor event(eventfd(0, EFD_NONBLOCK));
    std::array<int, 2> pair;
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair.data()) == 0);
    const FileDescriptor mine(pair[0]);
    const FileDescriptor theirs(pair[1]);
    const InheritedDescriptors inherited;
    ForkedProcess child([&] {
      std::array<int, 2> later;
      if (pipe2(later.data(), O_CLOEXEC) != 0) return 1;
      const std::array kept = {theirs.get()};
      if (!inherited.MakePrivate(kept).empty()) return 2;
      const uint64_t one = 1;
      if (write(writing.get(), "x", 1) != 1 || write(event.get(), &one, sizeof one) != sizeof one) return 3;
      char byte = 0;
      // The new pipe is one, with the flags of the old one.
      if (read(reading.get(), &byte, 1) != 1 || byte != 'x') return 4;
      if (read(reading.get(), &byte, 1) != -1 || errno != EAGAIN) return 5;
      // What came after the fork is left alone, and so is what is kept.
      if (write(later[1], "y", 1) != 1 || read(later[0], &byte, 1) != 1 || byte != 'y') return 6;
      if (write(theirs.get(), "k", 1) != 1) return 7;
      if (fcntl(writing.get(), F_GETFD) != FD_CLOEXEC || fcntl(theirs.get(), F_GETFD) != FD_CLOEXEC) return 8;
      // A socket has become nothing.
      return write(mine.get(), "s", 1) == 1 ? 0 : 9;
    });
    CHECK(child.ExitStatus() == 0);
    char byte = 0;
    uint64_t count = 0;
    CHECK(read(reading.get(), &byte, 1) == -1);
    CHECK(read(event.get(), &count, sizeof count) == -1);
    CHECK(read(mine.get(), &byte, 1) == 1);
    CHECK(byte == 'k');
    CHECK(read(theirs.get(), &byte, 1) == -1);
  }
}

/// What the log has got meanwhile.
class Log {
 public:
  Log() : former_(fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)) {
    std::array<int, 2> ends;
    REQUIRE(pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) == 0);
    pipe_.Reset(ends[0]);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
  }
  ~Log() { dup2(former_.get(), STDERR_FILENO); }
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;
  std::string Take() const {
    std::array<char, 65536> text;
    const ssize_t size = read(pipe_.get(), text.data(), text.size());
    return size < 0 ? std::string() : std::string(text.data(), static_cast<size_t>(size));
  }

 private:
  FileDescriptor former_;
  FileDescriptor pipe_;
};

TEST_SUITE("the output of a daemon's child") {
  TEST_CASE("reaches the log line by line, in its name") {
    OutputPipe pipe = MakeOutputPipe();
    ChildOutput output(std::move(pipe.parent));
    const std::string prefix = "lsapi[" + std::to_string(getpid()) + "]: child 77: ";
    const Log log;
    CHECK(output.Forward(77));
    CHECK(log.Take().empty());
    REQUIRE(write(pipe.child.get(), "one\nlsapi[1]: two\nthr", 21) == 21);
    CHECK(output.Forward(77));
    CHECK(log.Take() == prefix + "one\n" + prefix + "lsapi[1]: two\n");
    REQUIRE(write(pipe.child.get(), "ee\x1b[31m", 7) == 7);
    CHECK(output.Forward(77));
    pipe.child.Reset();
    CHECK_FALSE(output.Forward(77));
    output.Finish(77);
    CHECK(log.Take() == prefix + "three?[31m\n");
    CHECK_FALSE(output.is_open());
  }

  TEST_CASE("without a newline is cut") {
    OutputPipe pipe = MakeOutputPipe();
    ChildOutput output(std::move(pipe.parent));
    const Log log;
    const std::string text(2000, 'a');
    REQUIRE(write(pipe.child.get(), text.data(), text.size()) == 2000);
    CHECK(output.Forward(7));
    output.Finish(7);
    const std::string logged = log.Take();
    CHECK(std::count(logged.begin(), logged.end(), 'a') == 2000 + 3);  // lsapi
    CHECK(std::count(logged.begin(), logged.end(), '\n') == 3);
  }

  TEST_CASE("is part of the state that survives a new image") {
    const Scoreboard board = Scoreboard::Create(3);
    FileDescriptor listener(eventfd(0, EFD_CLOEXEC));
    FileDescriptor memory(fcntl(board.fd(), F_DUPFD_CLOEXEC, 0));
    Channel channel = MakeChannel();
    OutputPipe pipe = MakeOutputPipe();
    const int fd = pipe.parent.get();
    Child child;
    child.slot = 2;
    child.pid = 4711;
    child.channel = std::move(channel);
    child.output = ChildOutput(std::move(pipe.parent));
    const std::string text =
        DescribeState(listener.get(), memory.get()) + DescribeChild(child) + DescribeOutput(child);
    CHECK(DescriptorsOf(text).back() == fd);
    // The text owns them now.
    listener.Release();
    memory.Release();
    child.channel.parent.Release();
    child.channel.child.Release();
    const std::optional<GroupState> state = GroupState::Parse(text);
    REQUIRE(state.has_value());
    REQUIRE(state->children.size() == 1);
    CHECK(state->children[0]->output.fd() == fd);
    child.output = ChildOutput(FileDescriptor());
  }
}

const std::string kIds = [] {
  const std::array<uint32_t, 2> ids = {1001, 1002};
  std::string text(8, '\0');
  std::memcpy(text.data(), ids.data(), text.size());
  return text;
}();

std::string RequestFor(const std::string& ids) {
  RequestBuilder builder;
  builder.special_env = {{std::string("\0SUEXEC_UGID", 12), ids},
                         {std::string("\0SUEXEC_AUTH", 12), std::string(32, 'd')}};
  return builder.Build().text();
}

TEST_SUITE("a connection of one user") {
  TEST_CASE("serves its requests, the first of which has been read already, and nobody else's") {
    Application app;
    app.set.ServeOnly({1001, 1002});
    std::array<int, 2> ends;
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    WebServer server{FileDescriptor(ends[0])};
    const std::string first = RequestFor(kIds);
    CHECK(app.set.Serve(FileDescriptor(ends[1]), true,
                        {reinterpret_cast<const uint8_t*>(first.data()), first.size()}) == 0);
    app.on_request = [&app](Connection& connection) {
      // Nothing of the credentials is left.
      connection.request().ForEachSpecialEnv([](std::string_view /*name*/, std::string_view value) {
        CHECK(value.find_first_not_of('\0') == std::string_view::npos);
      });
      app.Send(connection, {});
    };
    app.Run();
    CHECK(server.Hear() == "RESP_HEADER(200; A: b) RESP_END");
    server.Send(RequestFor(kIds));
    app.Run();
    CHECK(server.Hear() == "REQ_RECEIVED RESP_HEADER(200; A: b) RESP_END");
    std::string other = kIds;
    other[0] = static_cast<char>(other[0] ^ 1);
    server.Send(RequestFor(other));
    app.Run();
    CHECK(server.Hear().empty());
    CHECK(server.IsClosed());
    CHECK(app.set.statistics().rejected == 1);
    REQUIRE(app.logs().size() == 1);
    CHECK(app.logs()[0].find("LSAPI_ERR_CREDENTIALS_USER") != std::string::npos);
  }

  TEST_CASE("does not serve requests without credentials") {
    Application app;
    app.set.ServeOnly({1001, 1002});
    WebServer server = app.Serve(true);
    server.Send(test::PlainRequest());
    app.Run();
    CHECK(server.IsClosed());
    CHECK(app.Events() == "log");
  }
}

}  // namespace
}  // namespace lsapi
