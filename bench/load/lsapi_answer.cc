#include <algorithm>
#include <array>
#include <cstring>

#include "answer.h"
#include "packets.h"

namespace load {
namespace {

class LsapiReader final : public AnswerReader {
 public:
  Progress Consume(std::string_view bytes) override {
    while (!bytes.empty()) {
      if (header_size_ < header_.size()) {
        TakeInto(header_.data(), header_.size(), &header_size_, &bytes);
        if (header_size_ < header_.size()) return Progress::kMore;
        uint32_t length;
        std::memcpy(&length, header_.data() + 4, sizeof length);
        if (header_[0] != 'L' || header_[1] != 'S' || length < header_.size()) return Progress::kBroken;
        payload_ = length - header_.size();
        start_size_ = 0;
      }
      const std::string_view part = bytes.substr(0, std::min<size_t>(bytes.size(), payload_));
      bytes.remove_prefix(part.size());
      payload_ -= part.size();
      TakePayload(part);
      if (payload_ > 0) return Progress::kMore;
      header_size_ = 0;
      if (type() == PacketType::kEnd) return bytes.empty() ? Progress::kDone : Progress::kBroken;
    }
    return Progress::kMore;
  }

 protected:
  void Restart() override {
    header_size_ = 0;
    payload_ = 0;
  }

 private:
  PacketType type() const { return static_cast<PacketType>(header_[2]); }

  static void TakeInto(char* to, size_t wanted, size_t* have, std::string_view* bytes) {
    const size_t take = std::min(bytes->size(), wanted - *have);
    std::memcpy(to + *have, bytes->data(), take);
    *have += take;
    bytes->remove_prefix(take);
  }

  void TakePayload(std::string_view part) {
    if (type() == PacketType::kStream) return AddBody(part);
    if (type() != PacketType::kHeader || start_size_ == start_.size()) return;
    TakeInto(start_.data(), start_.size(), &start_size_, &part);
    if (start_size_ < start_.size()) return;
    int32_t status;
    std::memcpy(&status, start_.data() + 4, sizeof status);
    set_status(status);
  }

  std::array<char, 8> header_{};
  size_t header_size_ = 0;
  size_t payload_ = 0;  // left of the current packet
  /// The first bytes of RESP_HEADER: the number of headers, the status.
  std::array<char, 8> start_{};
  size_t start_size_ = 0;
};

}  // namespace

std::unique_ptr<AnswerReader> MakeLsapiReader() { return std::make_unique<LsapiReader>(); }

}  // namespace load
