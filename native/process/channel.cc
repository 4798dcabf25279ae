#include "channel.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "../protocol/packet.h"

namespace lsapi {

Channel MakeChannel() {
  std::array<int, 2> ends;
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0) return {};
  return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

bool SendMessage(int channel, MessageType type, int fd) {
  iovec part{&type, sizeof type};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) std::array<uint8_t, CMSG_SPACE(sizeof(int))> control{};
  if (fd >= 0) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  }
  ssize_t sent;
  do {
    sent = sendmsg(channel, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent == sizeof type;
}

ReceivedMessage ReceiveMessage(int channel) {
  ReceivedMessage received;
  std::array<uint8_t, 8> bytes{};
  iovec part{bytes.data(), bytes.size()};
  msghdr message{};
  alignas(cmsghdr) std::array<uint8_t, CMSG_SPACE(4 * sizeof(int))> control{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t size;
  do {
    size = recvmsg(channel, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size < 0 && errno == EAGAIN) return received;
  received.outcome = size > 0 ? ReceivedMessage::Outcome::kMessage : ReceivedMessage::Outcome::kClosed;
  if (size < 0) return received;
  received.type = static_cast<MessageType>(bytes[0]);
  // Also of a message without a byte, which looks like the end but may have brought descriptors.
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t index = 0; index < count; ++index) {
      int fd;
      std::memcpy(&fd, CMSG_DATA(header) + index * sizeof fd, sizeof fd);
      // More than one was never sent: the rest is closed.
      received.fd.Reset(fd);
    }
  }
  return received;
}

bool SendPidNotice(int connection, int32_t pid) {
  std::array<uint8_t, 16> packet;
  StorePacketHeader(packet.data(), PacketType::kStderrStream, packet.size(), Encoding{});
  std::memcpy(packet.data() + kPacketHeaderSize, "\0PID", 4);
  std::memcpy(packet.data() + kPacketHeaderSize + 4, &pid, sizeof pid);
  return send(connection, packet.data(), packet.size(), MSG_DONTWAIT | MSG_NOSIGNAL) ==
         static_cast<ssize_t>(packet.size());
}

}  // namespace lsapi
