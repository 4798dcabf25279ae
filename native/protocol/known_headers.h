// The 25 request headers that have a slot of their own in the header index (section 1.7), in slot order.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "packet.h"

namespace lsapi {

enum KnownHeader : uint8_t {
  kContentLength = 7,
  kTransferEncoding = 24,
};

inline constexpr std::array<std::string_view, kKnownHeaderCount> kKnownHeaderNames = {"Accept",
                                                                                      "Accept-Charset",
                                                                                      "Accept-Encoding",
                                                                                      "Accept-Language",
                                                                                      "Authorization",
                                                                                      "Connection",
                                                                                      "Content-Type",
                                                                                      "Content-Length",
                                                                                      "Cookie",
                                                                                      "Cookie2",
                                                                                      "Host",
                                                                                      "Pragma",
                                                                                      "Referer",
                                                                                      "User-Agent",
                                                                                      "Cache-Control",
                                                                                      "If-Modified-Since",
                                                                                      "If-Match",
                                                                                      "If-None-Match",
                                                                                      "If-Range",
                                                                                      "If-Unmodified-Since",
                                                                                      "Keep-Alive",
                                                                                      "Range",
                                                                                      "X-Forwarded-For",
                                                                                      "Via",
                                                                                      "Transfer-Encoding"};

}  // namespace lsapi
