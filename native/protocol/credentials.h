// Whom a request is for, in the special environment of suEXEC daemon mode (protocol section 5.13):
// SUEXEC_UGID (user and group id) and SUEXEC_AUTH (nonce and digest) are its last two entries, in this order.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "request_parser.h"

namespace lsapi {

constexpr size_t kSecretSize = 16;
/// What server and daemon share.
using SecretBytes = std::span<const uint8_t, kSecretSize>;

/// Numbers of the operating system.
struct UserAndGroup {
  uint32_t uid = 0;
  uint32_t gid = 0;
  bool operator==(const UserAndGroup&) const = default;
};

enum class CredentialsError : uint8_t {
  kNone = 0,
  kMissing,    // no SUEXEC_AUTH as the last entry
  kMalformed,  // without SUEXEC_UGID before it, too short, or given more than once
};

/// The credentials of one request, as they were sent: nothing has been verified.
struct Credentials {
  CredentialsError error = CredentialsError::kMissing;
  /// In the machine's byte order whatever the packet's is.
  UserAndGroup ids;
  std::array<uint8_t, 8> signed_ids{};
  std::array<uint8_t, 16> nonce{};
  std::array<uint8_t, 16> digest{};
};

/// Reads the credentials of a request. Values longer than needed are cut, as in the reference library.
Credentials ReadCredentials(const RequestView& request);

/// Whether the digest is MD5(nonce ‖ secret ‖ ids). Takes the same time wherever they differ. False where
/// there are no credentials.
bool Verify(const Credentials& credentials, SecretBytes secret);

/// Overwrites the values of all suEXEC entries, so that they cannot be found in memory any more. `packet` are
/// the bytes that the request was parsed from; names and lengths stay.
void WipeCredentials(const RequestView& request, std::span<uint8_t> packet);

}  // namespace lsapi
