#include "credentials.h"

#include <algorithm>
#include <cstring>

#include "md5.h"

namespace lsapi {

namespace {

/// Names of special entries begin with a byte of their own; lengths count it.
constexpr std::string_view kIdsName("\0SUEXEC_UGID", 12);
constexpr std::string_view kAuthName("\0SUEXEC_AUTH", 12);
constexpr size_t kIdsSize = 8;
constexpr size_t kAuthSize = 32;

Bytes BytesOf(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

template <size_t kSize>
void CopyFrom(Bytes from, std::array<uint8_t, kSize>* into) {
  std::copy_n(from.begin(), kSize, into->begin());
}

}  // namespace

Credentials ReadCredentials(const RequestView& request) {
  Credentials credentials;
  std::string_view ids;
  std::string_view auth;
  std::string_view last;
  std::string_view before;
  uint32_t found = 0;
  request.ForEachSpecialEnv([&](std::string_view name, std::string_view value) {
    before = last;
    last = name;
    if (name == kIdsName) {
      ids = value;
      ++found;
    } else if (name == kAuthName) {
      auth = value;
      ++found;
    }
  });
  if (last != kAuthName) return credentials;
  credentials.error = CredentialsError::kMalformed;
  if (before != kIdsName || found != 2 || ids.size() < kIdsSize || auth.size() < kAuthSize)
    return credentials;
  credentials.error = CredentialsError::kNone;
  CopyFrom(BytesOf(ids), &credentials.signed_ids);
  CopyFrom(BytesOf(auth), &credentials.nonce);
  CopyFrom(BytesOf(auth).subspan(credentials.nonce.size()), &credentials.digest);
  credentials.ids = {LoadUint32(credentials.signed_ids.data(), kNativeOrder),
                     LoadUint32(credentials.signed_ids.data() + 4, kNativeOrder)};
  return credentials;
}

bool Verify(const Credentials& credentials, SecretBytes secret) {
  if (credentials.error != CredentialsError::kNone) return false;
  const Md5Digest expected = Md5({credentials.nonce, secret, credentials.signed_ids});
  // volatile: no compiler may leave the loop at the first difference.
  volatile uint8_t difference = 0;
  for (size_t index = 0; index < expected.size(); ++index) {
    difference = difference | static_cast<uint8_t>(expected[index] ^ credentials.digest[index]);
  }
  return difference == 0;
}

void WipeCredentials(const RequestView& request, std::span<uint8_t> packet) {
  const auto* const begin = reinterpret_cast<const char*>(packet.data());
  request.ForEachSpecialEnv([&](std::string_view name, std::string_view value) {
    if (name != kIdsName && name != kAuthName) return;
    std::ranges::fill(packet.subspan(static_cast<size_t>(value.data() - begin), value.size()), uint8_t{0});
  });
}

}  // namespace lsapi
