// Bytes that a connection still has to send. Body bytes are framed into RESP_STREAM packets while they are
// sent, so that large ones can stay where the application has them.
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "../protocol/packet.h"

namespace lsapi {

/// Keeps bytes of somebody else alive while it exists.
class Retainer {
 public:
  virtual ~Retainer() = default;
};

/// Bytes of somebody else, valid during the call they are passed to; Retain() makes them last.
class ExternalBytes {
 public:
  virtual ~ExternalBytes() = default;
  virtual Bytes bytes() const = 0;
  virtual std::unique_ptr<Retainer> Retain() const = 0;
};

class OutputQueue {
 public:
  bool empty() const { return pending_ == 0; }
  /// Bytes of payload and packets not yet sent.
  size_t pending() const { return pending_; }

  /// Appends a copy of bytes that are already packets.
  void AppendPackets(Bytes packets);
  /// Appends body bytes, to be framed with `encoding`; Keep() must follow before the bytes go away.
  void AppendBody(Bytes body, Encoding encoding);

  /// Fills `iov` with what is to be sent next; returns the number of entries.
  size_t Gather(std::span<iovec> iov);
  /// Removes `size` sent bytes from the front.
  void Consume(size_t size);
  /// Makes what is left of the last body outlive the call: copied when small, retained otherwise.
  void Keep(const ExternalBytes& source);
  void Clear();

 private:
  struct Segment {
    std::vector<uint8_t> owned;
    std::unique_ptr<Retainer> retainer;
    Bytes left;           // not yet sent, without frame headers
    bool framed = false;  // `left` is body; its frame headers are made below
    Encoding encoding;
    size_t frame_left = 0;   // body bytes of the frame whose header has been sent, or is being sent
    size_t header_left = 0;  // bytes of `header` still to be sent
    std::array<uint8_t, kPacketHeaderSize> header{};
  };

  static size_t FramedSize(size_t body) {
    return body + (body + kMaximumStreamPayload - 1) / kMaximumStreamPayload * kPacketHeaderSize;
  }
  static void BeginFrame(Segment* segment);

  std::deque<Segment> segments_;
  size_t pending_ = 0;
  // Headers of frames behind the first one of a Gather(); they live until the send that follows it.
  std::vector<std::array<uint8_t, kPacketHeaderSize>> later_headers_;
};

}  // namespace lsapi
