// The line between a parent and a child: messages, and the descriptors that travel with them.
#include "process/channel.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "support/forked_process.h"

namespace lsapi {
namespace {

using Outcome = ReceivedMessage::Outcome;

/// Sends what this side's functions never do.
void SendRaw(int channel, std::string bytes, const std::vector<int>& descriptors = {}) {
  iovec part{bytes.data(), bytes.size()};
  std::vector<uint8_t> control(CMSG_SPACE(descriptors.size() * sizeof(int)));
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!descriptors.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size() * sizeof(int));
    std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size() * sizeof(int));
  }
  CHECK(sendmsg(channel, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0);
}

TEST_SUITE("a channel") {
  TEST_CASE("carries messages in their order, both ways") {
    const Channel channel = MakeChannel();
    REQUIRE(channel.is_open());
    CHECK(ReceiveMessage(channel.child.get()).outcome == Outcome::kNothing);
    CHECK(SendMessage(channel.parent.get(), MessageType::kPing));
    CHECK(SendMessage(channel.parent.get(), MessageType::kShed));
    CHECK(SendMessage(channel.child.get(), MessageType::kDoorbell));
    CHECK(ReceiveMessage(channel.child.get()).type == MessageType::kPing);
    const ReceivedMessage second = ReceiveMessage(channel.child.get());
    CHECK(second.outcome == Outcome::kMessage);
    CHECK(second.type == MessageType::kShed);
    CHECK_FALSE(second.fd.is_open());
    CHECK(ReceiveMessage(channel.child.get()).outcome == Outcome::kNothing);
    CHECK(ReceiveMessage(channel.parent.get()).type == MessageType::kDoorbell);
  }

  TEST_CASE("carries a descriptor with a message, which the sender keeps") {
    const Channel channel = MakeChannel();
    const FileDescriptor sent(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    CHECK(SendMessage(channel.parent.get(), MessageType::kConnect, sent.get()));
    const ReceivedMessage received = ReceiveMessage(channel.child.get());
    CHECK(received.type == MessageType::kConnect);
    REQUIRE(received.fd.is_open());
    CHECK(received.fd.get() != sent.get());
    CHECK((fcntl(received.fd.get(), F_GETFD) & FD_CLOEXEC) != 0);
    CHECK(eventfd_write(received.fd.get(), 5) == 0);
    eventfd_t value = 0;
    CHECK(eventfd_read(sent.get(), &value) == 0);
    CHECK(value == 5);
  }

  TEST_CASE("lets its other end take back what was not taken") {
    const Channel channel = MakeChannel();
    test::Pipe pipe;
    CHECK(SendMessage(channel.parent.get(), MessageType::kConnect, pipe.writer.get()));
    pipe.writer.Reset();
    {
      const ReceivedMessage back = ReceiveMessage(channel.child.get());
      REQUIRE(back.fd.is_open());
      CHECK(write(back.fd.get(), "x", 1) == 1);
    }
    CHECK(pipe.ReadAll() == "x");
    CHECK(ReceiveMessage(channel.child.get()).outcome == Outcome::kNothing);
  }

  TEST_CASE("tells that the other side is gone, after its last message") {
    Channel channel = MakeChannel();
    CHECK(SendMessage(channel.parent.get(), MessageType::kRetire));
    channel.parent.Reset();
    CHECK(ReceiveMessage(channel.child.get()).type == MessageType::kRetire);
    CHECK(ReceiveMessage(channel.child.get()).outcome == Outcome::kClosed);
    CHECK_FALSE(SendMessage(channel.child.get(), MessageType::kDoorbell));
  }

  TEST_CASE("does not wait when it is full, and goes on when it is not") {
    const Channel channel = MakeChannel();
    size_t sent = 0;
    while (sent < 100'000 && SendMessage(channel.parent.get(), MessageType::kPing)) ++sent;
    CHECK(sent > 10);
    CHECK(sent < 100'000);
    size_t received = 0;
    while (ReceiveMessage(channel.child.get()).outcome == Outcome::kMessage) ++received;
    CHECK(received == sent);
    CHECK(SendMessage(channel.parent.get(), MessageType::kPing));
  }

  TEST_CASE("survives what no peer of this version sends") {
    const Channel channel = MakeChannel();
    const FileDescriptor one(eventfd(0, EFD_CLOEXEC));
    const int lowest_free = fcntl(one.get(), F_DUPFD_CLOEXEC, 0);
    close(lowest_free);
    SendRaw(channel.child.get(), std::string(1000, '\xff'));
    SendRaw(channel.child.get(), "\x01", {one.get(), one.get(), one.get()});
    SendRaw(channel.child.get(), "\x06", std::vector<int>(20, one.get()));
    for (int count = 0; count < 3; ++count) {
      CHECK(ReceiveMessage(channel.parent.get()).outcome == Outcome::kMessage);
    }
    CHECK(ReceiveMessage(channel.parent.get()).outcome == Outcome::kNothing);
    // Looks like the end, which no peer comes back from.
    SendRaw(channel.child.get(), "", {one.get()});
    CHECK(ReceiveMessage(channel.parent.get()).outcome == Outcome::kClosed);
    // None of all those descriptors has stayed.
    const FileDescriptor next(fcntl(one.get(), F_DUPFD_CLOEXEC, 0));
    CHECK(next.get() == lowest_free);
  }
}

TEST_SUITE("a PID notice") {
  TEST_CASE("is STDERR_STREAM with NUL, PID and the number") {
    std::array<int, 2> ends;
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    const FileDescriptor ours(ends[0]);
    FileDescriptor server(ends[1]);
    constexpr int32_t kPid = 0x01020304;
    CHECK(SendPidNotice(ours.get(), kPid));
    std::array<uint8_t, 64> bytes;
    REQUIRE(recv(server.get(), bytes.data(), bytes.size(), 0) == 16);
    const std::string text(bytes.begin(), bytes.begin() + 16);
    int32_t pid = 0;
    std::memcpy(&pid, bytes.data() + 12, sizeof pid);
    CHECK(text.substr(0, 3) == "LS\x06");
    CHECK(text.substr(8, 4) == std::string("\0PID", 4));
    CHECK(pid == kPid);
    server.Reset();
    CHECK_FALSE(SendPidNotice(ours.get(), kPid));
  }
}

}  // namespace
}  // namespace lsapi
