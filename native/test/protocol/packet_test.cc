// Packet headers and the trap of their byte order: protocol sections 1.2 to 1.4.
#include "protocol/packet.h"

#include <doctest/doctest.h>

#include <array>

#include "support/request_builder.h"

namespace lsapi {
namespace {

using Header = std::array<uint8_t, kPacketHeaderSize>;

Header Make(PacketType type, uint32_t length, Encoding encoding) {
  Header header;
  StorePacketHeader(header.data(), type, length, encoding);
  return header;
}

constexpr Encoding kX86{0, ByteOrder::kLittle};
constexpr Encoding kOtherLittle{1, ByteOrder::kLittle};  // aarch64 and its like
constexpr Encoding kBigEndian{1, ByteOrder::kBig};

TEST_CASE("a packet header is magic, type, flag and the length that includes the header") {
  CHECK(Make(PacketType::kRespEnd, 8, kX86) == Header{'L', 'S', 5, 0, 8, 0, 0, 0});
  CHECK(Make(PacketType::kRespStream, 0x4008, kX86) == Header{'L', 'S', 4, 0, 0x08, 0x40, 0, 0});
  CHECK(Make(PacketType::kReqReceived, 8, kBigEndian) == Header{'L', 'S', 7, 1, 0, 0, 0, 8});
  CHECK(Make(PacketType::kReqReceived, 8, kOtherLittle) == Header{'L', 'S', 7, 1, 8, 0, 0, 0});
}

TEST_CASE("integers are read as they were stored, in both orders") {
  std::array<uint8_t, 4> bytes;
  for (const ByteOrder order : {ByteOrder::kLittle, ByteOrder::kBig}) {
    StoreUint32(bytes.data(), 0x80402010, order);
    CHECK(bytes[order == ByteOrder::kBig ? 0 : 3] == 0x80);
    CHECK(LoadUint32(bytes.data(), order) == 0x80402010);
    CHECK(LoadInt32(bytes.data(), order) == static_cast<int32_t>(0x80402010));
    StoreUint16(bytes.data(), 0x8001, order);
    CHECK(LoadUint16(bytes.data(), order) == 0x8001);
  }
}

TEST_CASE("the order of a length is the one that makes it plausible, whatever the flag says") {
  for (const Encoding encoding : test::kEncodings) {
    const Header header = Make(PacketType::kBeginRequest, 399, encoding);
    const auto length = ReadPacketLength(header.data(), kMinimumRequestSize, kDefaultPacketLimit);
    REQUIRE(length);
    CHECK(length->length == 399);
    CHECK(length->order == encoding.order);
  }
}

TEST_CASE("where both orders are plausible, the flag decides") {
  // 0x00000200 read the other way round is 0x00020000: both are lengths that a request may have.
  const auto length_of = [](Encoding encoding) {
    return ReadPacketLength(Make(PacketType::kBeginRequest, 0x200, encoding).data(), kMinimumRequestSize,
                            kDefaultPacketLimit);
  };
  CHECK(length_of(kX86)->length == 0x200);
#if defined(__i386__) || defined(__x86_64__)
  // No x86 build sends flag 1, so it came from a machine of the other order.
  CHECK(length_of(kBigEndian)->length == 0x200);
  CHECK(length_of(kOtherLittle)->length == 0x20000);
#else
  CHECK(length_of({1, kNativeOrder})->length == 0x200);
#endif
}

TEST_CASE("bits of the flag byte above the lowest mean nothing") {
  Header header = Make(PacketType::kBeginRequest, 0x200, kX86);
  header[3] = 0xfe;
  CHECK(ReadPacketLength(header.data(), kMinimumRequestSize, kDefaultPacketLimit)->length == 0x200);
}

TEST_CASE("a length that fits in neither order is refused") {
  const auto fits = [](uint32_t length, size_t minimum, size_t limit) {
    return ReadPacketLength(Make(PacketType::kBeginRequest, length, kX86).data(), minimum, limit).has_value();
  };
  CHECK(fits(208, 208, 1000));
  CHECK_FALSE(fits(207, 208, 1000));
  CHECK(fits(1000, 208, 1000));
  CHECK_FALSE(fits(1001, 208, 1000));
  CHECK_FALSE(fits(0, 208, 1000));
  CHECK_FALSE(fits(0xffffffff, 208, kMaximumPacketLimit));
  CHECK_FALSE(fits(0x80000000, 208, kMaximumPacketLimit));
}

TEST_CASE("ABORT_REQUEST is recognised in every encoding, and only as exactly eight bytes") {
  for (const Encoding encoding : {kX86, kOtherLittle, kBigEndian}) {
    CHECK(IsAbortRequest(Make(PacketType::kAbortRequest, 8, encoding).data()));
    CHECK_FALSE(IsAbortRequest(Make(PacketType::kAbortRequest, 9, encoding).data()));
    CHECK_FALSE(IsAbortRequest(Make(PacketType::kBeginRequest, 8, encoding).data()));
  }
  Header header = Make(PacketType::kAbortRequest, 8, kX86);
  header[1] = 's';
  CHECK_FALSE(IsAbortRequest(header.data()));
}

}  // namespace
}  // namespace lsapi
