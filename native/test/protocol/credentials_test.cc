// MD5 by the RFC's own vectors, and the credentials of suEXEC daemon mode (protocol section 5.13).
#include "protocol/credentials.h"

#include <doctest/doctest.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "protocol/md5.h"
#include "support/request_builder.h"

namespace lsapi {
namespace {

using test::Pairs;
using test::RequestBuilder;

Bytes BytesOf(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::string Hexadecimal(const Md5Digest& digest) {
  std::string text;
  for (const uint8_t byte : digest) {
    std::array<char, 3> pair;
    std::snprintf(pair.data(), pair.size(), "%02x", byte);
    text += pair.data();
  }
  return text;
}

constexpr std::array<uint8_t, kSecretSize> kSecret = {'0', '1', '2', '3', '4', '5', '6', '7',
                                                      '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'};
const std::string kNonce = "nonce of 16 byte";
const std::string kIdsName("\0SUEXEC_UGID", 12);
const std::string kAuthName("\0SUEXEC_AUTH", 12);

std::string Ids(uint32_t uid, uint32_t gid) {
  std::array<char, 8> bytes;
  std::memcpy(bytes.data(), &uid, sizeof uid);
  std::memcpy(bytes.data() + sizeof uid, &gid, sizeof gid);
  return {bytes.data(), bytes.size()};
}

std::string Auth(const std::string& ids) {
  const Md5Digest digest = Md5({BytesOf(kNonce), kSecret, BytesOf(ids)});
  return kNonce + std::string(digest.begin(), digest.end());
}

struct Packet {
  explicit Packet(Pairs special_env, Encoding encoding = {0, ByteOrder::kLittle}) {
    RequestBuilder builder;
    builder.special_env = std::move(special_env);
    bytes = builder.Encode(encoding).Build().bytes;
    REQUIRE(view.Parse(bytes) == ParseError::kNone);
  }
  std::vector<uint8_t> bytes;
  RequestView view;
};

TEST_SUITE("MD5") {
  TEST_CASE("is that of RFC 1321") {
    CHECK(Hexadecimal(Md5({})) == "d41d8cd98f00b204e9800998ecf8427e");
    CHECK(Hexadecimal(Md5({BytesOf("abc")})) == "900150983cd24fb0d6963f7d28e17f72");
    CHECK(Hexadecimal(Md5({BytesOf("message"), BytesOf(" "), BytesOf("digest")})) ==
          "f96b697d7cb7938d525a2f31aaf161d0");
    CHECK(Hexadecimal(Md5({BytesOf("1234567890123456789012345678901234567890"
                                   "1234567890123456789012345678901234567890")})) ==
          "57edf4a22be3c955ac49da2e2107b67a");
  }

  TEST_CASE("does not depend on how its input is cut, at any length around a block") {
    for (size_t size = 50; size < 140; ++size) {
      const std::string text(size, 'x');
      const Md5Digest whole = Md5({BytesOf(text)});
      for (const size_t cut : {size_t{1}, size_t{49}, size / 2}) {
        CHECK(Md5({BytesOf(text).first(cut), BytesOf(text).subspan(cut)}) == whole);
      }
    }
  }
}

TEST_SUITE("credentials") {
  TEST_CASE("are the last two special entries, in the machine's byte order whatever the packet's is") {
    for (const Encoding encoding : test::kEncodings) {
      const std::string ids = Ids(1001, 1002);
      const Packet packet({{"\1memory_limit", "1G"}, {kIdsName, ids}, {kAuthName, Auth(ids)}}, encoding);
      const Credentials credentials = ReadCredentials(packet.view);
      CHECK(credentials.error == CredentialsError::kNone);
      CHECK(credentials.ids == UserAndGroup{1001, 1002});
      CHECK(Verify(credentials, kSecret));
    }
  }

  TEST_CASE("one bit of nonce, digest, ids or secret less, and they do not match") {
    const std::string ids = Ids(1001, 1002);
    const Packet packet({{kIdsName, ids}, {kAuthName, Auth(ids)}});
    const Credentials right = ReadCredentials(packet.view);
    for (size_t bit = 0; bit < 128; ++bit) {
      const auto flip = [bit](auto* bytes) {
        const size_t byte = bit / 8 % bytes->size();
        (*bytes)[byte] = static_cast<uint8_t>((*bytes)[byte] ^ 1u << bit % 8);
      };
      Credentials wrong = right;
      flip(&wrong.nonce);
      CHECK_FALSE(Verify(wrong, kSecret));
      wrong = right;
      flip(&wrong.digest);
      CHECK_FALSE(Verify(wrong, kSecret));
      wrong = right;
      flip(&wrong.signed_ids);
      CHECK_FALSE(Verify(wrong, kSecret));
      auto secret = kSecret;
      flip(&secret);
      CHECK_FALSE(Verify(right, secret));
    }
  }

  TEST_CASE("any other arrangement is none, and never matches") {
    const std::string ids = Ids(1001, 1002);
    const std::string auth = Auth(ids);
    const auto error = [](Pairs entries) {
      const Packet packet(std::move(entries));
      const Credentials credentials = ReadCredentials(packet.view);
      CHECK_FALSE(Verify(credentials, kSecret));
      return credentials.error;
    };
    CHECK(error({}) == CredentialsError::kMissing);
    CHECK(error({{kAuthName, auth}, {kIdsName, ids}}) == CredentialsError::kMissing);
    CHECK(error({{kIdsName, ids}, {kAuthName, auth}, {"\1a", "b"}}) == CredentialsError::kMissing);
    CHECK(error({{kAuthName, auth}}) == CredentialsError::kMalformed);
    CHECK(error({{kIdsName, ids}, {"\1a", "b"}, {kAuthName, auth}}) == CredentialsError::kMalformed);
    CHECK(error({{kIdsName, ids}, {kIdsName, ids}, {kAuthName, auth}}) == CredentialsError::kMalformed);
    CHECK(error({{kIdsName, ids.substr(0, 7)}, {kAuthName, auth}}) == CredentialsError::kMalformed);
    CHECK(error({{kIdsName, ids}, {kAuthName, auth.substr(0, 31)}}) == CredentialsError::kMalformed);
  }

  TEST_CASE("can be wiped: values are zero, and everything else is as it was") {
    const std::string ids = Ids(1001, 1002);
    Packet packet({{"\1a", "b"}, {kIdsName, ids}, {kAuthName, Auth(ids)}});
    const std::vector<uint8_t> before = packet.bytes;
    WipeCredentials(packet.view, packet.bytes);
    size_t changed = 0;
    for (size_t index = 0; index < before.size(); ++index) {
      if (packet.bytes[index] == before[index]) continue;
      CHECK(packet.bytes[index] == 0);
      ++changed;
    }
    CHECK(changed > 30);
    packet.view.ForEachSpecialEnv([&](std::string_view name, std::string_view value) {
      if (name == kIdsName) CHECK(value == std::string(8, '\0'));
      if (name == kAuthName) CHECK(value == std::string(32, '\0'));
      if (name == "\1a") CHECK(value == "b");
    });
  }
}

}  // namespace
}  // namespace lsapi
