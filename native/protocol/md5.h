// MD5 (RFC 1321). Broken as a hash, and what the protocol demands for the credentials of suEXEC
// (section 5.13); used for nothing else.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>

#include "packet.h"

namespace lsapi {

constexpr size_t kMd5Size = 16;
using Md5Digest = std::array<uint8_t, kMd5Size>;

/// The digest of `parts`, one behind the other.
Md5Digest Md5(std::initializer_list<Bytes> parts);

}  // namespace lsapi
