// The log line about a request that took long (LSAPI_SLOW_REQ_MSECS), with where its time went.
#pragma once

#include <cstdint>
#include <string>

#include "../protocol/request_parser.h"

namespace lsapi {

/// Microseconds.
struct RequestTimes {
  uint64_t queue = 0;    // from when its packet was there until the application was told
  uint64_t load = 0;     // before that: the process was being started for its connection
  uint64_t handler = 0;  // until the application had ended its answer
  uint64_t write = 0;    // until the server had taken the last byte of it
  uint64_t total() const { return queue + load + handler + write; }
};

/// What the log would say of a request, kept for longer than its packet is there.
struct SlowRequest {
  /// Texts of the client are cut at some 200 bytes, and what is no printable ASCII is escaped: one line of a
  /// log, whatever they hold.
  SlowRequest(const RequestView& request, const RequestTimes& request_times);

  std::string what;    // method and URL
  std::string script;  // may be empty
  RequestTimes times;
};

/// `slow request: GET /url took 1234 ms (queue 0, load 0, handler 1230, write 4), script /path
/// (LSAPI_SLOW_REQ_MSECS)`.
std::string DescribeSlowRequest(const SlowRequest& request);

}  // namespace lsapi
