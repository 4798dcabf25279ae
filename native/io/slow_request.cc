#include "slow_request.h"

#include <string_view>

namespace lsapi {

namespace {

constexpr size_t kMethodLimit = 20;
constexpr size_t kUrlLimit = 200;
constexpr size_t kScriptLimit = 400;

void AppendEscaped(std::string* line, std::string_view text, size_t limit) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const char character : text.substr(0, limit)) {
    if (character >= ' ' && character <= '~') {
      line->push_back(character);
      continue;
    }
    const auto byte = static_cast<uint8_t>(character);
    *line += "\\x";
    line->push_back(kDigits[byte >> 4]);
    line->push_back(kDigits[byte & 15]);
  }
  if (text.size() > limit) *line += "...";
}

}  // namespace

SlowRequest::SlowRequest(const RequestView& request, const RequestTimes& request_times)
    : times(request_times) {
  const std::string_view uri = request.request_uri();
  AppendEscaped(&what, request.method(), kMethodLimit);
  what += ' ';
  AppendEscaped(&what, uri.data() != nullptr ? uri : request.script_name(), kUrlLimit);
  AppendEscaped(&script, request.script_filename(), kScriptLimit);
}

std::string DescribeSlowRequest(const SlowRequest& request) {
  const auto milliseconds = [](uint64_t microseconds) { return std::to_string(microseconds / 1000); };
  const RequestTimes& times = request.times;
  std::string line = "slow request: " + request.what + " took " + milliseconds(times.total()) +
                     " ms (queue " + milliseconds(times.queue) + ", load " + milliseconds(times.load) +
                     ", handler " + milliseconds(times.handler) + ", write " + milliseconds(times.write) +
                     ")";
  if (!request.script.empty()) line += ", script " + request.script;
  return line + " (LSAPI_SLOW_REQ_MSECS)";
}

}  // namespace lsapi
