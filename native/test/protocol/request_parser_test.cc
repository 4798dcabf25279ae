// BEGIN_REQUEST: protocol sections 1.5 to 1.12, corrections of section 9.
#include "protocol/request_parser.h"

#include <doctest/doctest.h>

#include <cstring>
#include <initializer_list>
#include <limits>
#include <memory>
#include <string>

#include "protocol/known_headers.h"
#include "support/request_builder.h"

namespace lsapi {
namespace {

using test::BuiltPacket;
using test::Pairs;
using test::RequestBuilder;

using Sizes = std::initializer_list<size_t>;

constexpr size_t kHost = 10;
constexpr size_t kUserAgent = 13;

/// Parses a copy that has not one byte more than the packet, so that the address sanitizer sees every step
/// too far.
class Parsed {
 public:
  explicit Parsed(const BuiltPacket& packet, size_t limit = kDefaultPacketLimit)
      : Parsed(packet.bytes.data(), packet.bytes.size(), limit) {}
  Parsed(const uint8_t* bytes, size_t size, size_t limit = kDefaultPacketLimit) : bytes_(new uint8_t[size]) {
    if (size > 0) std::memcpy(bytes_.get(), bytes, size);
    error = view.Parse(Bytes(bytes_.get(), size), limit);
  }

  RequestView view;
  ParseError error = ParseError::kNone;

 private:
  std::unique_ptr<uint8_t[]> bytes_;
};

ParseError ErrorOf(const BuiltPacket& packet, size_t limit = kDefaultPacketLimit) {
  return Parsed(packet, limit).error;
}

BuiltPacket Plain() { return RequestBuilder().Build(); }

/// `value` in the fixed part at `field`.
ParseError ErrorWith(size_t field, int32_t value, BuiltPacket packet = Plain()) {
  packet.SetInt32(field, value);
  return ErrorOf(packet);
}

Pairs EnvOf(const RequestView& view) {
  Pairs pairs;
  view.ForEachEnv([&](std::string_view name, std::string_view value) { pairs.emplace_back(name, value); });
  return pairs;
}

TEST_SUITE("a valid request") {
  TEST_CASE("gives back what was put in, in every flag and byte order") {
    for (const Encoding encoding : test::kEncodings) {
      const BuiltPacket packet = RequestBuilder()
                                     .Encode(encoding)
                                     .Known(kHost, "example.org")
                                     .Known(kContentLength, "5")
                                     .Unknown("X-One", "1")
                                     .Unknown("x-one", "2")
                                     .Body(5)
                                     .Build();
      const Parsed parsed(packet);
      REQUIRE(parsed.error == ParseError::kNone);
      const RequestView& view = parsed.view;
      CHECK(view.encoding().flag == encoding.flag);
      CHECK(view.encoding().order == encoding.order);
      CHECK(view.packet_length() == packet.bytes.size());
      CHECK(view.script_filename() == "/app.js");
      CHECK(view.script_name() == "/hi");
      CHECK(view.query_string() == "a=1");
      CHECK(view.method() == "GET");
      CHECK(view.request_uri() == "/hi?a=1");
      CHECK(view.known_header(kHost) == "example.org");
      CHECK(view.known_header(kUserAgent).data() == nullptr);
      CHECK(view.unknown_header_count() == 2);
      CHECK(view.unknown_header(0).name == "X-One");
      CHECK(view.unknown_header(0).value == "1");
      CHECK(view.unknown_header(1).name == "x-one");
      CHECK(view.unknown_header(1).value == "2");
      CHECK(view.body_length() == 5);
      CHECK(view.content_length() == 5);
      CHECK(EnvOf(view) == RequestBuilder().env);
      CHECK(view.header_block().substr(4, 3) == "GET");
      CHECK(view.header_block().size() == view.http_header_length());
    }
  }

  TEST_CASE("can be as short as 208 bytes") {
    RequestBuilder builder;
    builder.env.clear();
    BuiltPacket packet = builder.Build();
    packet.bytes.resize(packet.block);
    packet.SetLength(packet.bytes.size());
    packet.SetInt32(test::kFieldHeaderLength, 0);
    CHECK(packet.bytes.size() == kMinimumRequestSize);
    const Parsed parsed(packet);
    CHECK(parsed.error == ParseError::kNone);
    CHECK(parsed.view.header_block().empty());
    CHECK(parsed.view.method().data() == nullptr);
  }

  TEST_CASE("may use all 25 slots of the index, the 25th like the others") {
    RequestBuilder builder;
    for (size_t slot = 0; slot < kKnownHeaderCount; ++slot)
      builder.Known(slot, "value " + std::to_string(slot));
    const Parsed parsed(builder.Encode({1, ByteOrder::kBig}).Build());
    for (size_t slot = 0; slot < kKnownHeaderCount; ++slot) {
      CHECK(parsed.view.known_header(slot) == "value " + std::to_string(slot));
    }
  }

  TEST_CASE("may fill the padding in front of the index with anything") {
    for (size_t extra = 0; extra < 8; ++extra) {
      BuiltPacket packet = RequestBuilder().Env("PAD", std::string(extra, 'x')).Build();
      for (size_t at = packet.env_end; at < packet.index; ++at) packet.bytes[at] = 0xff;
      CHECK(ErrorOf(packet) == ParseError::kNone);
    }
  }

  TEST_CASE("can be parsed into a view that another one left behind") {
    Parsed parsed(RequestBuilder().Known(kHost, "a").Known(kContentLength, "7").Body(-2).Build());
    CHECK(parsed.view.body_length() == 7);
    RequestBuilder builder;
    builder.env = {{"A", "b"}};
    const BuiltPacket second = builder.Build();
    REQUIRE(parsed.view.Parse(second.bytes) == ParseError::kNone);
    CHECK(parsed.view.known_header(kHost).data() == nullptr);
    CHECK(parsed.view.request_uri().data() == nullptr);
    CHECK(parsed.view.method().data() == nullptr);
    CHECK(parsed.view.content_length() == -1);
    CHECK(parsed.view.body_length() == 0);
  }
}

TEST_SUITE("the packet header") {
  TEST_CASE("must have the magic bytes") {
    for (const size_t at : Sizes{0, 1}) {
      BuiltPacket packet = Plain();
      packet.bytes[at] = 'X';
      CHECK(ErrorOf(packet) == ParseError::kMagic);
    }
  }

  TEST_CASE("must be a BEGIN_REQUEST") {
    for (const int type : {0, 2, 3, 9, 10, 255}) {
      BuiltPacket packet = Plain();
      packet.bytes[2] = static_cast<uint8_t>(type);
      CHECK(ErrorOf(packet) == ParseError::kType);
    }
  }

  TEST_CASE("may have any bits set above the lowest flag") {
    BuiltPacket packet = Plain();
    packet.bytes[3] = 0xfe;
    const Parsed parsed(packet);
    CHECK(parsed.error == ParseError::kNone);
    CHECK(parsed.view.encoding().flag == 0);
  }

  TEST_CASE("must tell exactly the packet's length") {
    const auto size = static_cast<int32_t>(Plain().bytes.size());
    for (const int32_t length : {0, 8, 207, size - 1, size + 1, -1, -size, 0x7fffffff}) {
      CAPTURE(length);
      CHECK(ErrorWith(4, length) == ParseError::kLength);
    }
  }

  TEST_CASE("must stay within the limit") {
    const BuiltPacket packet = Plain();
    CHECK(ErrorOf(packet, packet.bytes.size()) == ParseError::kNone);
    CHECK(ErrorOf(packet, packet.bytes.size() - 1) == ParseError::kLength);
    const BuiltPacket large = RequestBuilder().Unknown("X", std::string(kDefaultPacketLimit, 'x')).Build();
    CHECK(ErrorOf(large) == ParseError::kLength);
    CHECK(ErrorOf(large, kMaximumPacketLimit) == ParseError::kNone);
  }

  TEST_CASE("may be all there is of a packet, and less") {
    const BuiltPacket packet = Plain();
    for (size_t size = 0; size < packet.bytes.size(); ++size) {
      CAPTURE(size);
      // In the order of the checks: bytes that are not there are no magic and no type either.
      const ParseError missing = size < 2   ? ParseError::kMagic
                                 : size < 3 ? ParseError::kType
                                            : ParseError::kLength;
      CHECK(Parsed(packet.bytes.data(), size).error == missing);
    }
  }

  TEST_CASE("that tells a shortened packet's length does not make it valid") {
    const BuiltPacket whole = Plain();
    for (size_t size = kMinimumRequestSize; size < whole.bytes.size(); ++size) {
      CAPTURE(size);
      BuiltPacket packet = whole;
      packet.bytes.resize(size);
      packet.SetLength(size);
      CHECK(ErrorOf(packet) != ParseError::kNone);
    }
  }
}

TEST_SUITE("counts") {
  TEST_CASE("must not be negative") {
    for (const size_t field : {test::kFieldHeaderLength, test::kFieldUnknownCount, test::kFieldEnvCount,
                               test::kFieldSpecialEnvCount}) {
      CAPTURE(field);
      CHECK(ErrorWith(field, -1) == ParseError::kCount);
      CHECK(ErrorWith(field, std::numeric_limits<int32_t>::min()) == ParseError::kCount);
    }
  }

  TEST_CASE("must not exceed 8,192") {
    for (const size_t field : {test::kFieldUnknownCount, test::kFieldEnvCount, test::kFieldSpecialEnvCount}) {
      CAPTURE(field);
      CHECK(ErrorWith(field, 8193) == ParseError::kCount);
      CHECK(ErrorWith(field, 0x7fffffff) == ParseError::kCount);
      CHECK(ErrorWith(field, 8192) != ParseError::kCount);
    }
  }

  TEST_CASE("of 8,192 are served") {
    RequestBuilder builder;
    builder.env.assign(8192, {"A", "b"});
    builder.special_env.assign(8192, {std::string("\x01\x04x"), "1"});
    builder.unknown.assign(8192, {"X", "y"});
    const Parsed parsed(builder.Build(), kMaximumPacketLimit);
    REQUIRE(parsed.error == ParseError::kNone);
    CHECK(EnvOf(parsed.view).size() == 8192);
    CHECK(parsed.view.unknown_header(8191).value == "y");
  }

  TEST_CASE("must fit the lists that follow") {
    const auto entries = static_cast<int32_t>(RequestBuilder().env.size());
    CHECK(ErrorWith(test::kFieldEnvCount, entries - 1) == ParseError::kEnv);
    CHECK(ErrorWith(test::kFieldEnvCount, entries + 1) == ParseError::kEnv);
    CHECK(ErrorWith(test::kFieldSpecialEnvCount, 1) != ParseError::kNone);
    CHECK(ErrorWith(test::kFieldUnknownCount, 1) == ParseError::kLayout);
    CHECK(ErrorWith(test::kFieldUnknownCount, 0, RequestBuilder().Unknown("A", "b").Build()) ==
          ParseError::kLayout);
  }

  TEST_CASE("of bytes in the header block must make the packet's length, exactly") {
    const int32_t length = Plain().Int32(test::kFieldHeaderLength);
    for (const int32_t wrong : {0, length - 1, length + 1, 0x7fffffff}) {
      CHECK(ErrorWith(test::kFieldHeaderLength, wrong) == ParseError::kLayout);
    }
  }
}

TEST_SUITE("an environment list") {
  TEST_CASE("must not have an empty length field") {
    for (const size_t field : Sizes{0, 2}) {
      BuiltPacket packet = Plain();
      packet.SetListLength(packet.env + field, 0);
      CHECK(ErrorOf(packet) == ParseError::kEnv);
    }
  }

  TEST_CASE("must not leave the packet") {
    for (const size_t field : Sizes{0, 2}) {
      BuiltPacket packet = Plain();
      packet.SetListLength(packet.env + field, 0xffff);
      CHECK(ErrorOf(packet) == ParseError::kEnv);
    }
  }

  TEST_CASE("must not leave the packet by a single byte") {
    // The first value goes up to the packet's end, where its NUL is, or one byte further.
    for (const size_t beyond : Sizes{0, 1}) {
      BuiltPacket packet = Plain();
      const size_t value = packet.env + 4 + std::string("SCRIPT_FILENAME").size() + 1;
      packet.bytes.back() = 0;
      packet.SetListLength(packet.env + 2, static_cast<uint16_t>(packet.bytes.size() - value + beyond));
      CHECK(ErrorOf(packet) == ParseError::kEnv);
    }
  }

  TEST_CASE("must have names and values that end in NUL") {
    const size_t name_size = std::string("SCRIPT_FILENAME").size() + 1;
    for (const size_t nul : {4 + name_size - 1, 4 + name_size + std::string("/app.js").size()}) {
      BuiltPacket packet = Plain();
      REQUIRE(packet.bytes[packet.env + nul] == 0);
      packet.bytes[packet.env + nul] = 'x';
      CHECK(ErrorOf(packet) == ParseError::kEnv);
    }
  }

  TEST_CASE("must end in four zero bytes") {
    for (size_t at = 1; at <= 4; ++at) {
      BuiltPacket packet = Plain();
      packet.bytes[packet.env_end - at] = 1;
      CHECK(ErrorOf(packet) == ParseError::kEnv);
      packet = Plain();
      packet.bytes[packet.env - at] = 1;
      CHECK(ErrorOf(packet) == ParseError::kEnv);
    }
  }

  TEST_CASE("may have empty values, and names that repeat: the last one counts") {
    const Parsed parsed(
        RequestBuilder().Env("EMPTY", "").Env("X-LSCACHE", "on").Env("X-LSCACHE", "off").Build());
    REQUIRE(parsed.error == ParseError::kNone);
    CHECK(parsed.view.env("EMPTY").data() != nullptr);
    CHECK(parsed.view.env("EMPTY").empty());
    CHECK(parsed.view.env("X-LSCACHE") == "off");
    CHECK(parsed.view.env("x-lscache").data() == nullptr);
    CHECK(parsed.view.env("X-LSCACH").data() == nullptr);
    CHECK(parsed.view.env("").data() == nullptr);
  }

  TEST_CASE("has values that are cut at their first NUL: the server appends some to a decoded PATH_INFO") {
    const Parsed parsed(RequestBuilder()
                            .Env("PATH_INFO", std::string("/foo x/y\0\0", 10))
                            .Env("REQUEST_URI", std::string("/cut\0here", 9))
                            .Build());
    CHECK(parsed.view.env("PATH_INFO") == "/foo x/y");
    CHECK(parsed.view.request_uri() == "/cut");
  }

  TEST_CASE("may have entries of the largest size that two bytes express") {
    const std::string value(65534, 'v');
    const Parsed parsed(RequestBuilder().Env("LARGE", value).Build());
    REQUIRE(parsed.error == ParseError::kNone);
    CHECK(parsed.view.env("LARGE") == value);
  }

  TEST_CASE("of special entries is kept apart, names and values binary") {
    RequestBuilder builder;
    builder.special_env = {{std::string("\x01\x04memory_limit"), "1M"},
                           {std::string("\0SUEXEC_UGID", 12), std::string("\0\0", 2)}};
    const Parsed parsed(builder.Build());
    REQUIRE(parsed.error == ParseError::kNone);
    Pairs special;
    parsed.view.ForEachSpecialEnv(
        [&](std::string_view name, std::string_view value) { special.emplace_back(name, value); });
    CHECK(special == builder.special_env);
    CHECK(parsed.view.env("SUEXEC_UGID").data() == nullptr);
    CHECK(parsed.view.special_env_count() == 2);
  }
}

TEST_SUITE("a value offset") {
  TEST_CASE(
      "of 0, and any inside the fixed part, means absent: a context without a file has no SCRIPT_FILENAME") {
    for (const int32_t offset : {0, 1, 8, 43}) {
      BuiltPacket packet = Plain();
      packet.SetInt32(test::kFieldScriptFile, offset);
      const Parsed parsed(packet);
      CHECK(parsed.error == ParseError::kNone);
      CHECK(parsed.view.script_filename().data() == nullptr);
      CHECK(parsed.view.raw_value_offset(0) == offset);
    }
  }

  TEST_CASE("must lie in the environment list") {
    const BuiltPacket packet = Plain();
    for (const size_t field :
         {test::kFieldScriptFile, test::kFieldScriptName, test::kFieldQueryString, test::kFieldMethod}) {
      for (const size_t offset : {packet.env - 1, packet.env_end, packet.index, packet.bytes.size() - 1,
                                  packet.bytes.size(), size_t{0x7fffffff}}) {
        CAPTURE(offset);
        CHECK(ErrorWith(field, static_cast<int32_t>(offset)) == ParseError::kOffset);
      }
      CHECK(ErrorWith(field, -1) == ParseError::kOffset);
      CHECK(ErrorWith(field, static_cast<int32_t>(packet.env_end - 1)) == ParseError::kNone);
    }
  }

  TEST_CASE("tells an empty value from an absent one") {
    RequestBuilder builder;
    builder.env = {{"QUERY_STRING", ""}};
    const Parsed parsed(builder.Build());
    CHECK(parsed.view.query_string().data() != nullptr);
    CHECK(parsed.view.query_string().empty());
    CHECK(parsed.view.script_name().data() == nullptr);
  }
}

TEST_SUITE("the index of known headers") {
  TEST_CASE("says absent by offset 0, whatever length is left there") {
    BuiltPacket packet = Plain();
    packet.SetUint16(packet.length_slot(kTransferEncoding), 7);
    const Parsed parsed(packet);
    CHECK(parsed.view.known_header(kTransferEncoding).data() == nullptr);
    CHECK_FALSE(parsed.view.is_anomalous(kTransferEncoding));
  }

  TEST_CASE("may point outside the block, which the server does: the entry is skipped, the request served") {
    const BuiltPacket good = RequestBuilder().Known(kHost, "h").Known(kContentLength, "5").Build();
    const int32_t block = good.Int32(test::kFieldHeaderLength);
    for (const int32_t offset :
         {block, block + 1, block - 4, -1, 0x7fffffff, std::numeric_limits<int32_t>::min()}) {
      CAPTURE(offset);
      BuiltPacket packet = good;
      packet.SetInt32(packet.offset_slot(kContentLength), offset);
      packet.SetUint16(packet.length_slot(kContentLength), 5);
      const Parsed parsed(packet);
      REQUIRE(parsed.error == ParseError::kNone);
      CHECK(parsed.view.is_anomalous(kContentLength));
      CHECK(parsed.view.known_header(kContentLength).data() == nullptr);
      CHECK(parsed.view.content_length() == -1);
      CHECK(parsed.view.raw_known_header_offset(kContentLength) == offset);
      CHECK(parsed.view.raw_known_header_length(kContentLength) == 5);
      CHECK(parsed.view.known_header(kHost) == "h");
      CHECK_FALSE(parsed.view.is_anomalous(kHost));
    }
  }

  TEST_CASE("may describe an empty value at the very end of the block") {
    BuiltPacket packet = Plain();
    packet.SetInt32(packet.offset_slot(kHost), packet.Int32(test::kFieldHeaderLength));
    const Parsed parsed(packet);
    REQUIRE(parsed.error == ParseError::kNone);
    CHECK_FALSE(parsed.view.is_anomalous(kHost));
    CHECK(parsed.view.known_header(kHost).empty());
  }
}

TEST_SUITE("a known header above 65,535 bytes, whose length has wrapped") {
  TEST_CASE("is recovered from the block, up to the end of its line") {
    for (const size_t size : Sizes{65536, 65537, 70000, 131072, 140000}) {
      for (const ByteOrder order : {ByteOrder::kLittle, ByteOrder::kBig}) {
        CAPTURE(size);
        const std::string value(size, 'v');
        const BuiltPacket packet =
            RequestBuilder().Encode({0, order}).Known(kUserAgent, value).Known(kHost, "h").Build();
        REQUIRE(LoadUint16(packet.bytes.data() + packet.length_slot(kUserAgent), order) == size % 65536);
        const Parsed parsed(packet);
        CHECK(parsed.view.known_header(kUserAgent) == value);
        CHECK(parsed.view.known_header(kHost) == "h");
      }
    }
  }

  TEST_CASE("is recovered where it ends the block, or its line ends in LF or blanks") {
    for (const std::string_view end :
         {std::string_view("\n"), std::string_view(" \t\r\n"), std::string_view("\0", 1)}) {
      BuiltPacket packet = RequestBuilder().Known(kUserAgent, std::string(66000, 'v')).Build();
      const size_t line_end =
          packet.block + static_cast<size_t>(packet.Int32(packet.offset_slot(kUserAgent))) + 66000;
      packet.bytes.resize(line_end);
      packet.bytes.insert(packet.bytes.end(), end.begin(), end.end());
      packet.SetLength(packet.bytes.size());
      packet.SetInt32(test::kFieldHeaderLength, static_cast<int32_t>(packet.bytes.size() - packet.block));
      const Parsed parsed(packet);
      REQUIRE(parsed.error == ParseError::kNone);
      CHECK(parsed.view.known_header(kUserAgent).size() == 66000);
    }
  }

  TEST_CASE("is not confused with one that only seems too short") {
    // The line goes on behind the value, but not for a multiple of 65,536 bytes.
    BuiltPacket packet = RequestBuilder().Known(kUserAgent, std::string(66000, 'v')).Build();
    packet.SetUint16(packet.length_slot(kUserAgent), 400);
    CHECK(Parsed(packet).view.known_header(kUserAgent).size() == 400);
    packet = RequestBuilder().Known(kUserAgent, "short").Unknown("X", std::string(66000, 'v')).Build();
    packet.SetUint16(packet.length_slot(kUserAgent), 3);
    CHECK(Parsed(packet).view.known_header(kUserAgent) == "sho");
  }
}

TEST_SUITE("an unknown-header record") {
  TEST_CASE("must lie in the header block") {
    const BuiltPacket good = RequestBuilder().Unknown("X-A", "b").Unknown("X-C", "d").Build();
    const int32_t block = good.Int32(test::kFieldHeaderLength);
    for (size_t record = 0; record < 2; ++record) {
      for (const size_t part : Sizes{0, 8}) {
        const size_t at = good.unknown + record * kUnknownHeaderSize + part;
        for (const int32_t offset : {-1, block + 1, 0x7fffffff, std::numeric_limits<int32_t>::min()}) {
          CHECK(ErrorWith(at, offset, good) == ParseError::kHeaderIndex);
        }
        for (const int32_t length : {-1, block, 0x7fffffff, std::numeric_limits<int32_t>::min()}) {
          CHECK(ErrorWith(at + 4, length, good) == ParseError::kHeaderIndex);
        }
      }
    }
  }

  TEST_CASE("may be empty and lie at the very end of the block") {
    BuiltPacket packet = RequestBuilder().Unknown("X-A", "b").Build();
    packet.SetInt32(packet.unknown + 8, packet.Int32(test::kFieldHeaderLength));
    packet.SetInt32(packet.unknown + 12, 0);
    const Parsed parsed(packet);
    REQUIRE(parsed.error == ParseError::kNone);
    CHECK(parsed.view.unknown_header(0).value.empty());
  }

  TEST_CASE("keeps lengths that two bytes could not tell") {
    const Parsed parsed(RequestBuilder().Unknown("X-Large", std::string(100000, 'x')).Build());
    CHECK(parsed.view.unknown_header(0).value.size() == 100000);
  }
}

TEST_SUITE("the length of the body") {
  int64_t LengthOf(RequestBuilder & builder) { return Parsed(builder.Build()).view.body_length(); }

  TEST_CASE("is the declared one where that is not negative, whatever Content-Length says") {
    for (const int32_t length : {0, 3, 0x7fffffff}) {
      RequestBuilder builder;
      CHECK(LengthOf(builder.Body(length).Known(kContentLength, "5")) == length);
      CHECK(LengthOf(builder.Known(kTransferEncoding, "chunked")) == length);
    }
  }

  TEST_CASE("is Content-Length's where the declared one is negative: beyond 2 GiB, or chunks in one go") {
    for (const int32_t declared : {-1, -2, -3, std::numeric_limits<int32_t>::min()}) {
      RequestBuilder builder;
      CHECK(LengthOf(builder.Body(declared).Known(kContentLength, "2147483648")) == 2147483648);
      CHECK(LengthOf(builder.Known(kContentLength, "0")) == 0);
      CHECK(LengthOf(builder.Known(kContentLength, "9007199254740991")) == 9007199254740991);
    }
  }

  TEST_CASE("is unknown without Content-Length, and with one that is no number up to 2^53-1") {
    RequestBuilder none;
    CHECK(LengthOf(none.Body(-2)) == -1);
    for (const std::string value :
         {"", "x", "-1", "+1", "5 ", " 5", "0x5", "9007199254740992", "99999999999999999999", "5,5"}) {
      CAPTURE(value);
      RequestBuilder builder;
      CHECK(LengthOf(builder.Body(-2).Known(kContentLength, value)) == -1);
    }
  }

  TEST_CASE("is unknown with Transfer-Encoding: a Content-Length beside it is unverified") {
    RequestBuilder builder;
    CHECK(LengthOf(builder.Body(-1).Known(kTransferEncoding, "chunked").Known(kContentLength, "5")) == -1);
  }
}

TEST_SUITE("an error") {
  TEST_CASE("has a code and a sentence for the log, both of one line") {
    for (int error = 1; error <= static_cast<int>(ParseError::kHeaderIndex); ++error) {
      const std::string code = ParseErrorCode(static_cast<ParseError>(error));
      const std::string text = ParseErrorText(static_cast<ParseError>(error));
      CHECK(code.rfind("LSAPI_ERR_PACKET_", 0) == 0);
      CHECK(text.size() > 10);
      CHECK(text.find('\n') == std::string::npos);
    }
    CHECK(std::string(ParseErrorCode(ParseError::kNone)).empty());
  }
}

}  // namespace
}  // namespace lsapi
