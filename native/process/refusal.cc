#include "refusal.h"

#include <algorithm>
#include <cstring>

#include "../protocol/response_writer.h"
#include "log.h"

namespace lsapi {

namespace {

constexpr uint32_t kHeaderLines = 3;

ConnectionSetOptions RefusalOptions() {
  ConnectionSetOptions options;
  options.packet_timeout_ms = 10'000;
  return options;
}

}  // namespace

Refusal::Refusal() : set_(this, RefusalOptions()) {
  SetPage("text/plain; charset=utf-8", "Service Unavailable\n");
}

void Refusal::SetPage(std::string type, std::string body, int32_t status) {
  status_ = status;
  header_ = "Content-Type: " + std::move(type) + "\nCache-Control: no-store\nRetry-After: 2\n";
  body_ = std::move(body);
}

void Refusal::Take(FileDescriptor connection, Bytes packet) {
  const int error = set_.Serve(std::move(connection), true, packet);
  if (error != 0) Log("a connection could not be answered: %s", std::strerror(error));
}

void Refusal::OnRequest(Connection& connection) {
  const Encoding encoding = connection.request().encoding();
  const size_t bound = ResponseHeaderBound(header_.size(), kHeaderLines);
  const bool is_head = connection.request().method() == "HEAD";
  const size_t body_size = is_head ? 0 : body_.size();
  const size_t frames = body_size / kMaximumStreamPayload + 1;
  room_.resize(ConnectionSet::kAcknowledgeRoom + bound + frames * kPacketHeaderSize + body_size +
               ConnectionSet::kEndRoom);
  uint8_t* const begin = room_.data() + ConnectionSet::kAcknowledgeRoom;
  const HeaderResult header =
      WriteResponseHeader(header_, kHeaderLines, status_, encoding, static_cast<int64_t>(body_.size()),
                          std::span<uint8_t>(begin, bound));
  size_t size = header.size;
  set_.MarkHeaderSent(connection, static_cast<uint32_t>(status_));
  for (size_t at = 0; at < body_size;) {
    const size_t part = std::min(body_size - at, kMaximumStreamPayload);
    StorePacketHeader(begin + size, PacketType::kRespStream, static_cast<uint32_t>(kPacketHeaderSize + part),
                      encoding);
    std::memcpy(begin + size + kPacketHeaderSize, body_.data() + at, part);
    size += kPacketHeaderSize + part;
    at += part;
  }
  set_.SendPackets(connection, room_, size, kRespondEnd | kRespondClose);
}

void Refusal::OnLog(std::string_view line) { Log("%.*s", static_cast<int>(line.size()), line.data()); }

}  // namespace lsapi
