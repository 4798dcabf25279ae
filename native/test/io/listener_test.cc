// Listening sockets of the standalone mode, and what a descriptor is. Protocol sections 5.1 and 5.14.
#include "io/listener.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

namespace lsapi {
namespace {

/// A directory that goes away with everything in it.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = "/tmp/lsapi-test-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~TemporaryDirectory() {
    for (const char* file : {"/socket", "/file"}) unlink((path_ + file).c_str());
    rmdir(path_.c_str());
  }
  std::string operator/(const std::string& file) const { return path_ + "/" + file; }

 private:
  std::string path_;
};

bool CanConnect(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
}

TEST_SUITE("listening on a Unix socket") {
  TEST_CASE("creates it, with the permissions that were asked for") {
    const TemporaryDirectory directory;
    const ListenResult result = ListenUnix(directory / "socket", 10, 0602);
    REQUIRE(result.error == 0);
    CHECK(CanConnect(directory / "socket"));
    struct stat file;
    REQUIRE(stat((directory / "socket").c_str(), &file) == 0);
    CHECK((file.st_mode & 0777) == 0602);
    CHECK((fcntl(result.socket.get(), F_GETFL) & O_NONBLOCK) != 0);
    CHECK((fcntl(result.socket.get(), F_GETFD) & FD_CLOEXEC) != 0);
  }

  TEST_CASE("replaces a socket that nobody listens on any more") {
    const TemporaryDirectory directory;
    { CHECK(ListenUnix(directory / "socket", 10, -1).error == 0); }
    CHECK_FALSE(CanConnect(directory / "socket"));
    const ListenResult result = ListenUnix(directory / "socket", 10, -1);
    CHECK(result.error == 0);
    CHECK(CanConnect(directory / "socket"));
  }

  TEST_CASE("never replaces one that is alive, not even with a full backlog") {
    const TemporaryDirectory directory;
    const ListenResult first = ListenUnix(directory / "socket", 0, -1);
    CHECK(ListenUnix(directory / "socket", 10, -1).error == EADDRINUSE);
    CHECK(ListenUnix(directory / "socket", 10, -1).error == EADDRINUSE);
    CHECK(ListenUnix(directory / "socket", 10, -1).error == EADDRINUSE);
  }

  TEST_CASE("never replaces a file that is no socket") {
    const TemporaryDirectory directory;
    const FileDescriptor file(open((directory / "file").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
    REQUIRE(file.is_open());
    CHECK(ListenUnix(directory / "file", 10, -1).error == ENOTSOCK);
  }

  TEST_CASE("tells what is wrong with the path") {
    CHECK(ListenUnix("/nonexistent/socket", 10, -1).error == ENOENT);
    CHECK(ListenUnix("/tmp/" + std::string(200, 'x'), 10, -1).error == ENAMETOOLONG);
    // One byte of sockaddr_un is for the NUL.
    const TemporaryDirectory directory;
    const std::string longest = directory / std::string(107 - (directory / "").size(), 'x');
    CHECK(ListenUnix(longest, 10, -1).error == 0);
    unlink(longest.c_str());
    CHECK(ListenUnix(longest + "x", 10, -1).error == ENAMETOOLONG);
  }
}

TEST_SUITE("listening on TCP") {
  TEST_CASE("tells the port that the kernel chose") {
    const ListenResult result = ListenTcp("127.0.0.1", 0, 10);
    REQUIRE(result.error == 0);
    CHECK(result.port != 0);
    CHECK(ListenTcp("127.0.0.1", result.port, 10).error == EADDRINUSE);
  }

  TEST_CASE("shares an address with those that share it too, and with nobody else") {
    const ListenResult first = ListenTcp("127.0.0.1", 0, 10, AddressUse::kShared);
    REQUIRE(first.error == 0);
    CHECK(ListenTcp("127.0.0.1", first.port, 10, AddressUse::kShared).error == 0);
    CHECK(ListenTcp("127.0.0.1", first.port, 10).error == EADDRINUSE);
  }

  TEST_CASE("takes IPv6 addresses") {
    const ListenResult result = ListenTcp("::1", 0, 10);
    // A machine may have no IPv6 at all.
    CHECK((result.error == 0 || result.error == EADDRNOTAVAIL || result.error == EAFNOSUPPORT));
  }

  TEST_CASE("takes numbers only: names are resolved by nobody here") {
    CHECK(ListenTcp("localhost", 0, 10).error == EADDRNOTAVAIL);
    CHECK(ListenTcp("", 0, 10).error != 0);
    CHECK(ListenTcp("127.0.0.256", 0, 10).error == EADDRNOTAVAIL);
  }
}

TEST_SUITE("a descriptor") {
  TEST_CASE("is told to be listening, connected or something else") {
    const ListenResult listening = ListenTcp("127.0.0.1", 0, 10);
    CHECK(ClassifyDescriptor(listening.socket.get()) == DescriptorKind::kListening);
    std::array<int, 2> ends;
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    const FileDescriptor one(ends[0]);
    const FileDescriptor two(ends[1]);
    CHECK(ClassifyDescriptor(one.get()) == DescriptorKind::kConnected);
    const FileDescriptor unconnected(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    CHECK(ClassifyDescriptor(unconnected.get()) == DescriptorKind::kOther);
    const FileDescriptor null(open("/dev/null", O_RDONLY | O_CLOEXEC));
    CHECK(ClassifyDescriptor(null.get()) == DescriptorKind::kOther);
    CHECK(ClassifyDescriptor(-1) == DescriptorKind::kOther);
  }
}

}  // namespace
}  // namespace lsapi
