// Packet header of LSAPI: 8 bytes in front of every packet in both directions.
// Source of every rule here: protocol sections 1.2 to 1.4 and 1.11.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

namespace lsapi {

using Bytes = std::span<const uint8_t>;

enum class PacketType : uint8_t {
  kBeginRequest = 1,
  kAbortRequest = 2,
  kRespHeader = 3,
  kRespStream = 4,
  kRespEnd = 5,
  kStderrStream = 6,
  kReqReceived = 7,
  kConnClose = 8,
  kInternalError = 9,
};

enum class ByteOrder : uint8_t { kLittle, kBig };

inline constexpr size_t kPacketHeaderSize = 8;
inline constexpr size_t kRequestHeaderSize = 44;  // packet header and the nine integers after it
inline constexpr size_t kHeaderIndexSize = 152;
inline constexpr size_t kKnownHeaderCount = 25;
inline constexpr size_t kUnknownHeaderSize = 16;
/// Two empty environment lists, padding and the header index: nothing shorter can be a BEGIN_REQUEST.
inline constexpr size_t kMinimumRequestSize = 208;
inline constexpr size_t kDefaultPacketLimit = 256 * 1024;
inline constexpr size_t kMaximumPacketLimit = 1024 * 1024;
/// Entries of each environment list, and records of unknown headers.
inline constexpr int32_t kMaximumListEntries = 8192;
/// Payload of one RESP_STREAM or STDERR_STREAM packet; one byte more is a protocol error for the server.
inline constexpr size_t kMaximumStreamPayload = 16384;
/// Payload of RESP_HEADER (everything after its packet header).
inline constexpr size_t kMaximumHeaderPayload = 65535;
/// Name and value of one response header line, without its NUL.
inline constexpr size_t kMaximumHeaderLine = 16380;
inline constexpr size_t kMaximumResponseHeaders = 1000;

inline constexpr ByteOrder kNativeOrder =
    std::endian::native == std::endian::little ? ByteOrder::kLittle : ByteOrder::kBig;

#if defined(__i386__) || defined(__x86_64__)
inline constexpr uint8_t kBuildFlag = 0;
/// What flag 1 is read as when both orders are plausible: no x86 build sends it, so it came from elsewhere.
inline constexpr ByteOrder kForeignOrder = ByteOrder::kBig;
#else
inline constexpr uint8_t kBuildFlag = 1;
inline constexpr ByteOrder kForeignOrder = kNativeOrder;
#endif

/// Flag bit and integer order of one packet; replies mirror those of the request.
struct Encoding {
  uint8_t flag = kBuildFlag;
  ByteOrder order = kNativeOrder;
};

inline uint32_t LoadUint32(const uint8_t* at, ByteOrder order) {
  uint32_t value;
  std::memcpy(&value, at, sizeof value);
  return order == kNativeOrder ? value : __builtin_bswap32(value);
}

inline int32_t LoadInt32(const uint8_t* at, ByteOrder order) {
  return static_cast<int32_t>(LoadUint32(at, order));
}

inline uint16_t LoadUint16(const uint8_t* at, ByteOrder order) {
  uint16_t value;
  std::memcpy(&value, at, sizeof value);
  return order == kNativeOrder ? value : __builtin_bswap16(value);
}

inline void StoreUint32(uint8_t* at, uint32_t value, ByteOrder order) {
  if (order != kNativeOrder) value = __builtin_bswap32(value);
  std::memcpy(at, &value, sizeof value);
}

inline void StoreUint16(uint8_t* at, uint16_t value, ByteOrder order) {
  if (order != kNativeOrder) value = __builtin_bswap16(value);
  std::memcpy(at, &value, sizeof value);
}

/// Writes the 8 bytes of a packet header; `length` includes them.
inline void StorePacketHeader(uint8_t* at, PacketType type, uint32_t length, Encoding encoding) {
  at[0] = 'L';
  at[1] = 'S';
  at[2] = static_cast<uint8_t>(type);
  at[3] = encoding.flag;
  StoreUint32(at + 4, length, encoding.order);
}

struct PacketLength {
  uint32_t length;
  ByteOrder order;
};

/// Reads a packet's length in the byte order that makes it plausible (minimum <= length <= limit). The flag
/// bit alone proves nothing: it is a constant of the sender's build (section 1.4).
inline std::optional<PacketLength> ReadPacketLength(const uint8_t* header, size_t minimum, size_t limit) {
  const ByteOrder preferred = (header[3] & 1) == 0 ? ByteOrder::kLittle : kForeignOrder;
  const ByteOrder other = preferred == ByteOrder::kLittle ? ByteOrder::kBig : ByteOrder::kLittle;
  for (const ByteOrder order : {preferred, other}) {
    const uint32_t length = LoadUint32(header + 4, order);
    if (length >= minimum && length <= limit) return PacketLength{length, order};
  }
  return std::nullopt;
}

/// Whether 8 bytes are an ABORT_REQUEST packet (in either byte order).
inline bool IsAbortRequest(const uint8_t* header) {
  return header[0] == 'L' && header[1] == 'S' &&
         header[2] == static_cast<uint8_t>(PacketType::kAbortRequest) &&
         ReadPacketLength(header, kPacketHeaderSize, kPacketHeaderSize).has_value();
}

}  // namespace lsapi
