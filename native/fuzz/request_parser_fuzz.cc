// Any bytes for the request parser. It may accept or refuse them; what it hands out must lie in the packet.
#include <algorithm>
#include <cstring>
#include <memory>

#include "protocol/request_parser.h"
#include "require.h"

using namespace lsapi;

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t capacity);

namespace {

/// The byte order that the fixed part of an input is in, as the parser will see it.
ByteOrder OrderOf(const uint8_t* packet) { return (packet[3] & 1) == 0 ? ByteOrder::kLittle : kForeignOrder; }

/// First byte behind an environment list, or 0 where it is broken.
size_t SkipList(const uint8_t* packet, size_t size, size_t at, uint32_t count) {
  for (uint32_t entry = 0; entry < count; ++entry) {
    if (at + 4 > size) return 0;
    at += 4 + size_t{LoadUint16(packet + at, ByteOrder::kBig)} + LoadUint16(packet + at + 2, ByteOrder::kBig);
  }
  return at + 4 <= size ? at + 4 : 0;
}

/// Makes the two lengths fit that nearly every mutation breaks: behind them are the other rules.
void RepairLengths(uint8_t* packet, size_t size) {
  if (size < kMinimumRequestSize || size > kMaximumPacketLimit) return;
  const ByteOrder order = OrderOf(packet);
  StoreUint32(packet + 4, static_cast<uint32_t>(size), order);
  const uint32_t unknown = LoadUint32(packet + 32, order);
  const uint32_t env = LoadUint32(packet + 36, order);
  const uint32_t special = LoadUint32(packet + 40, order);
  if (unknown > 8192 || env > 8192 || special > 8192) return;
  size_t at = SkipList(packet, size, kRequestHeaderSize, special);
  if (at != 0) at = SkipList(packet, size, at, env);
  if (at == 0) return;
  const size_t block = (at + 7) / 8 * 8 + kHeaderIndexSize + size_t{unknown} * kUnknownHeaderSize;
  if (block <= size) StoreUint32(packet + 8, static_cast<uint32_t>(size - block), order);
}

class Checker {
 public:
  Checker(const uint8_t* packet, size_t size)
      : begin_(reinterpret_cast<const char*>(packet)), end_(begin_ + size) {}

  void Inside(std::string_view text) const {
    if (text.data() == nullptr) {
      LSAPI_REQUIRE(text.empty());
      return;
    }
    LSAPI_REQUIRE(text.data() >= begin_ && text.data() <= end_);
    LSAPI_REQUIRE(text.size() <= static_cast<size_t>(end_ - text.data()));
    // Every byte is read, so that the address sanitizer has its say too.
    unsigned sum = 0;
    for (const char c : text) sum += static_cast<unsigned char>(c);
    sum_ = sum;
  }

  void NoNul(std::string_view text) const { LSAPI_REQUIRE(text.find('\0') == std::string_view::npos); }

 private:
  const char* begin_;
  const char* end_;
  mutable volatile unsigned sum_ = 0;
};

void Parse(const uint8_t* data, size_t size) {
  const std::unique_ptr<uint8_t[]> packet(
      new uint8_t[size]);  // exactly as long: no byte may be read behind it
  if (size > 0) std::memcpy(packet.get(), data, size);
  RequestView view;
  const ParseError error = view.Parse(Bytes(packet.get(), size), kMaximumPacketLimit);
  LSAPI_REQUIRE(size == 0 || std::memcmp(packet.get(), data, size) == 0);
  if (error != ParseError::kNone) {
    LSAPI_REQUIRE(ParseErrorText(error)[0] != '\0' && ParseErrorCode(error)[0] != '\0');
    return;
  }

  const Checker check(packet.get(), size);
  LSAPI_REQUIRE(view.packet_length() == size);
  LSAPI_REQUIRE(view.body_length() >= -1 && view.body_length() < int64_t{1} << 53);
  LSAPI_REQUIRE(view.content_length() >= -1 && view.content_length() < int64_t{1} << 53);
  if (view.declared_body_length() >= 0) LSAPI_REQUIRE(view.body_length() == view.declared_body_length());
  for (const std::string_view text :
       {view.script_filename(), view.script_name(), view.query_string(), view.method(), view.request_uri()}) {
    check.Inside(text);
    check.NoNul(text);
  }
  check.Inside(view.header_block());

  uint32_t entries = 0;
  view.ForEachEnv([&](std::string_view name, std::string_view value) {
    check.Inside(name);
    check.Inside(value);
    check.NoNul(value);
    // Looking each name up takes quadratic time: the first ones will do.
    if (++entries <= 8) check.Inside(view.env(name));
  });
  LSAPI_REQUIRE(entries == view.env_count());
  view.ForEachSpecialEnv([&](std::string_view name, std::string_view value) {
    check.Inside(name);
    check.Inside(value);
    ++entries;
  });
  LSAPI_REQUIRE(entries == view.env_count() + view.special_env_count());

  const auto in_block = [&](std::string_view text) {
    check.Inside(text);
    const std::string_view block = view.header_block();
    LSAPI_REQUIRE(text.data() >= block.data() && text.data() + text.size() <= block.data() + block.size());
  };
  for (size_t slot = 0; slot < kKnownHeaderCount; ++slot) {
    const std::string_view value = view.known_header(slot);
    if (view.is_anomalous(slot)) LSAPI_REQUIRE(value.data() == nullptr);
    if (value.data() == nullptr) continue;
    in_block(value);
    LSAPI_REQUIRE(value.size() % 65536 == view.raw_known_header_length(slot));
    LSAPI_REQUIRE(view.raw_known_header_offset(slot) > 0);
  }
  for (uint32_t index = 0; index < view.unknown_header_count(); ++index) {
    const NameValueView header = view.unknown_header(index);
    in_block(header.name);
    in_block(header.value);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Parse(data, size);
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t capacity, unsigned seed) {
  size = LLVMFuzzerMutate(data, size, capacity);
  if (seed % 8 != 0) RepairLengths(data, size);
  return size;
}
