// Special environments of any kind: credentials are found where the protocol says and nowhere else, match
// only what was signed, and are gone when they have been wiped.
#include <fuzzer/FuzzedDataProvider.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "protocol/credentials.h"
#include "protocol/md5.h"
#include "require.h"
#include "support/request_builder.h"

using namespace lsapi;

namespace {

constexpr std::array<uint8_t, kSecretSize> kSecret = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
const std::string kIdsName("\0SUEXEC_UGID", 12);
const std::string kAuthName("\0SUEXEC_AUTH", 12);

Bytes BytesOf(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::string Sign(const std::string& nonce, const std::string& ids) {
  const Md5Digest digest = Md5({BytesOf(nonce), kSecret, BytesOf(ids)});
  return nonce + std::string(digest.begin(), digest.end());
}

test::Pairs SpecialEnv(FuzzedDataProvider* input) {
  test::Pairs entries;
  const int count = input->ConsumeIntegralInRange(0, 5);
  for (int index = 0; index < count; ++index) {
    switch (input->ConsumeIntegralInRange(0, 4)) {
      case 0:
        entries.emplace_back(kIdsName, input->ConsumeRandomLengthString(16));
        break;
      case 1:
        entries.emplace_back(kAuthName, input->ConsumeRandomLengthString(48));
        break;
      case 2: {
        std::string ids = input->ConsumeBytesAsString(8);
        ids.resize(8);
        std::string nonce = input->ConsumeBytesAsString(16);
        nonce.resize(16);
        entries.emplace_back(kIdsName, ids);
        entries.emplace_back(kAuthName, Sign(nonce, ids));
        break;
      }
      default:
        entries.emplace_back(input->ConsumeRandomLengthString(14), input->ConsumeRandomLengthString(40));
    }
  }
  return entries;
}

/// What the protocol says, written down once more.
bool IsSigned(const test::Pairs& entries) {
  const size_t count = entries.size();
  if (count < 2) return false;
  size_t found = 0;
  for (const auto& [name, value] : entries) found += name == kIdsName || name == kAuthName ? 1 : 0;
  const auto& [ids_name, ids] = entries[count - 2];
  const auto& [auth_name, auth] = entries[count - 1];
  if (found != 2 || ids_name != kIdsName || auth_name != kAuthName || ids.size() < 8 || auth.size() < 32)
    return false;
  return auth.substr(0, 32) == Sign(auth.substr(0, 16), ids.substr(0, 8));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzedDataProvider input(data, size);
  test::RequestBuilder builder;
  builder.encoding = test::kEncodings[input.ConsumeIntegralInRange<size_t>(0, test::kEncodings.size() - 1)];
  builder.special_env = SpecialEnv(&input);
  std::vector<uint8_t> packet = builder.Build().bytes;
  RequestView view;
  if (view.Parse(packet) != ParseError::kNone) return 0;
  LSAPI_REQUIRE(Verify(ReadCredentials(view), kSecret) == IsSigned(builder.special_env));
  const std::vector<uint8_t> before = packet;
  WipeCredentials(view, packet);
  LSAPI_REQUIRE(view.Parse(packet) == ParseError::kNone);
  size_t entry = 0;
  view.ForEachSpecialEnv([&](std::string_view name, std::string_view value) {
    const auto& [given_name, given] = builder.special_env[entry++];
    LSAPI_REQUIRE(name == given_name);
    const bool is_credential = name == kIdsName || name == kAuthName;
    LSAPI_REQUIRE(value == (is_credential ? std::string(given.size(), '\0') : given));
  });
  for (size_t index = 0; index < before.size(); ++index) {
    LSAPI_REQUIRE(packet[index] == before[index] || packet[index] == 0);
  }
  return 0;
}
