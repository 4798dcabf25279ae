// The log line about a request that took long (LSAPI_SLOW_REQ_MSECS).
#pragma once

#include <cstdint>
#include <string>

#include "../protocol/request_parser.h"

namespace lsapi {

/// `slow request: GET /url took 1234 ms, script /path (LSAPI_SLOW_REQ_MSECS)`. Texts of the client are cut at
/// some 200 bytes, and what is no printable ASCII is escaped: one line of a log, whatever they hold.
std::string DescribeSlowRequest(const RequestView& request, uint64_t milliseconds);

}  // namespace lsapi
