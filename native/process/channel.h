// The line between a parent and one of its children: a pair of SOCK_SEQPACKET sockets that carries orders and
// connections (SCM_RIGHTS) downwards, and a doorbell upwards. What a child has to tell is in its slot of the
// scoreboard; the doorbell only says that it is worth a look, so nothing is lost when one cannot be sent.
#pragma once

#include <cstdint>

#include "../io/file_descriptor.h"

namespace lsapi {

enum class MessageType : uint8_t {
  kConnect = 1,  // with a connection, its PID notice sent
  kRetire = 2,   // finish what runs, take nothing more, end
  kShed = 3,     // close the longest idle connection: others wait for a place
  kPing = 4,     // answer in the slot: tells a child that works from one that hangs
  kRelax = 5,    // idle for a while: give memory back
  kDoorbell = 6,
};

struct Channel {
  FileDescriptor parent;
  /// The parent keeps this end as well: what the child has not taken when it ends, hangs or retires, the
  /// parent takes back from it. The kernel decides who of both gets a message, so no connection is served
  /// twice or lost.
  FileDescriptor child;
  bool is_open() const { return parent.is_open() && child.is_open(); }
};

/// Not is_open() when there are no descriptors left (errno tells).
Channel MakeChannel();

/// Sends a message, with a descriptor if `fd` is not negative (the caller keeps it). Never waits; false when
/// it could not be sent.
bool SendMessage(int channel, MessageType type, int fd = -1);

struct ReceivedMessage {
  enum class Outcome { kMessage, kNothing, kClosed };
  Outcome outcome = Outcome::kNothing;
  MessageType type = MessageType::kDoorbell;
  FileDescriptor fd;
};

/// Takes one message, without waiting.
ReceivedMessage ReceiveMessage(int channel);

/// The first bytes of a connection that a parent has accepted: tells the server that the request is in hands
/// (protocol section 2.5). False when the server has left already.
bool SendPidNotice(int connection, int32_t pid);

}  // namespace lsapi
