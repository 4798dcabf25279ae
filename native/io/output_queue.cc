#include "output_queue.h"

#include <algorithm>

namespace lsapi {

namespace {
/// Up to here a copy is cheaper than keeping the application's buffer alive.
constexpr size_t kCopyLimit = 64 * 1024;
}  // namespace

void OutputQueue::AppendPackets(Bytes packets) {
  if (packets.empty()) return;
  Segment& segment = segments_.emplace_back();
  segment.owned.assign(packets.begin(), packets.end());
  segment.left = segment.owned;
  pending_ += packets.size();
}

void OutputQueue::AppendBody(Bytes body, Encoding encoding) {
  if (body.empty()) return;
  Segment& segment = segments_.emplace_back();
  segment.left = body;
  segment.framed = true;
  segment.encoding = encoding;
  pending_ += FramedSize(body.size());
}

void OutputQueue::BeginFrame(Segment* segment) {
  segment->frame_left = std::min(segment->left.size(), kMaximumStreamPayload);
  segment->header_left = kPacketHeaderSize;
  StorePacketHeader(segment->header.data(), PacketType::kRespStream,
                    static_cast<uint32_t>(kPacketHeaderSize + segment->frame_left), segment->encoding);
}

size_t OutputQueue::Gather(std::span<iovec> iov) {
  size_t count = 0;
  const auto add = [&](const uint8_t* data, size_t size) {
    iov[count++] = {const_cast<uint8_t*>(data), size};
  };
  later_headers_.clear();
  later_headers_.reserve(iov.size());  // no reallocation below: pointers into it are handed out
  for (Segment& segment : segments_) {
    if (!segment.framed) {
      if (count == iov.size()) break;
      add(segment.left.data(), segment.left.size());
      continue;
    }
    if (segment.frame_left == 0) BeginFrame(&segment);
    if (count + 2 > iov.size()) break;
    if (segment.header_left > 0) {
      add(segment.header.data() + (kPacketHeaderSize - segment.header_left), segment.header_left);
    }
    add(segment.left.data(), segment.frame_left);
    Bytes rest = segment.left.subspan(segment.frame_left);
    while (!rest.empty()) {
      if (count + 2 > iov.size()) return count;
      const size_t size = std::min(rest.size(), kMaximumStreamPayload);
      auto& header = later_headers_.emplace_back();
      StorePacketHeader(header.data(), PacketType::kRespStream,
                        static_cast<uint32_t>(kPacketHeaderSize + size), segment.encoding);
      add(header.data(), header.size());
      add(rest.data(), size);
      rest = rest.subspan(size);
    }
  }
  return count;
}

void OutputQueue::Consume(size_t size) {
  pending_ -= size;
  while (size > 0) {
    Segment& segment = segments_.front();
    if (segment.framed) {
      if (segment.frame_left == 0) BeginFrame(&segment);
      const size_t header = std::min(size, segment.header_left);
      segment.header_left -= header;
      size -= header;
      const size_t body = std::min(size, segment.frame_left);
      segment.frame_left -= body;
      segment.left = segment.left.subspan(body);
      size -= body;
    } else {
      const size_t sent = std::min(size, segment.left.size());
      segment.left = segment.left.subspan(sent);
      size -= sent;
    }
    if (segment.left.empty()) segments_.pop_front();
  }
}

void OutputQueue::Keep(const ExternalBytes& source) {
  if (segments_.empty()) return;
  // The end packets may stand behind the body: the body is the last framed segment.
  const auto last = std::find_if(segments_.rbegin(), segments_.rend(), [](const Segment& segment) {
    return segment.framed && segment.owned.empty() && segment.retainer == nullptr;
  });
  if (last == segments_.rend()) return;
  if (last->left.size() <= kCopyLimit) {
    last->owned.assign(last->left.begin(), last->left.end());
    last->left = last->owned;
  } else {
    last->retainer = source.Retain();
  }
}

void OutputQueue::Clear() {
  segments_.clear();
  pending_ = 0;
}

}  // namespace lsapi
