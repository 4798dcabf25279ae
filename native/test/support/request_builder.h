// Builds BEGIN_REQUEST packets field by field, and remembers where each block lies so that tests can break
// it. Written from protocol sections 1.5 to 1.9 without a look at the parser.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/packet.h"

namespace lsapi::test {

/// Flag and byte order in every combination; x86 sends the first, aarch64 the second, s390x the fourth.
inline constexpr std::array<Encoding, 4> kEncodings = {
    {{0, ByteOrder::kLittle}, {1, ByteOrder::kLittle}, {0, ByteOrder::kBig}, {1, ByteOrder::kBig}}};

using Pairs = std::vector<std::pair<std::string, std::string>>;

/// A packet as bytes, with the offsets of its blocks.
struct BuiltPacket {
  std::vector<uint8_t> bytes;
  ByteOrder order = ByteOrder::kLittle;
  size_t special_env = 0;  // first entry, or the terminator of an empty list
  size_t env = 0;
  size_t env_end = 0;  // first byte behind the terminator
  size_t index = 0;    // known-header index
  size_t unknown = 0;  // unknown-header records
  size_t block = 0;    // HTTP header block

  void SetInt32(size_t at, int32_t value) {
    StoreUint32(bytes.data() + at, static_cast<uint32_t>(value), order);
  }
  void SetUint16(size_t at, uint16_t value) { StoreUint16(bytes.data() + at, value, order); }
  int32_t Int32(size_t at) const { return LoadInt32(bytes.data() + at, order); }
  /// Of the entries of the environment lists, which are in network order always.
  void SetListLength(size_t at, uint16_t value) { StoreUint16(bytes.data() + at, value, ByteOrder::kBig); }
  void SetLength(size_t length) { SetInt32(4, static_cast<int32_t>(length)); }

  size_t length_slot(size_t slot) const { return index + 2 * slot; }
  size_t offset_slot(size_t slot) const { return index + 52 + 4 * slot; }
  std::string text() const { return {bytes.begin(), bytes.end()}; }
};

/// Fields of the fixed part, as offsets in the packet.
enum FixedField : size_t {
  kFieldHeaderLength = 8,
  kFieldBodyLength = 12,
  kFieldScriptFile = 16,
  kFieldScriptName = 20,
  kFieldQueryString = 24,
  kFieldMethod = 28,
  kFieldUnknownCount = 32,
  kFieldEnvCount = 36,
  kFieldSpecialEnvCount = 40,
};

struct RequestBuilder {
  Encoding encoding{0, ByteOrder::kLittle};
  Pairs env = {{"SCRIPT_FILENAME", "/app.js"},
               {"QUERY_STRING", "a=1"},
               {"SCRIPT_NAME", "/hi"},
               {"REQUEST_METHOD", "GET"},
               {"REQUEST_URI", "/hi?a=1"}};
  Pairs special_env;
  std::array<std::optional<std::string>, kKnownHeaderCount> known;
  Pairs unknown;
  int32_t body_length = 0;

  RequestBuilder& Known(size_t slot, std::string value) {
    known[slot] = std::move(value);
    return *this;
  }
  RequestBuilder& Unknown(std::string name, std::string value) {
    unknown.emplace_back(std::move(name), std::move(value));
    return *this;
  }
  RequestBuilder& Env(std::string name, std::string value) {
    env.emplace_back(std::move(name), std::move(value));
    return *this;
  }
  RequestBuilder& Body(int32_t length) {
    body_length = length;
    return *this;
  }
  RequestBuilder& Encode(Encoding with) {
    encoding = with;
    return *this;
  }

  BuiltPacket Build() const;
};

/// A GET without headers: the request of tests that are about something else.
inline std::string PlainRequest() { return RequestBuilder().Build().text(); }

/// A request that is followed by `body`, which is not part of the result.
inline std::string RequestWithBody(size_t length) {
  return RequestBuilder().Body(static_cast<int32_t>(length)).Build().text();
}

/// The packet ABORT_REQUEST.
inline std::string AbortPacket(Encoding encoding = {0, ByteOrder::kLittle}) {
  std::array<uint8_t, kPacketHeaderSize> packet;
  StorePacketHeader(packet.data(), PacketType::kAbortRequest, kPacketHeaderSize, encoding);
  return {packet.begin(), packet.end()};
}

}  // namespace lsapi::test
