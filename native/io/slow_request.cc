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

std::string DescribeSlowRequest(const RequestView& request, uint64_t milliseconds) {
  const std::string_view uri = request.request_uri();
  std::string line = "slow request: ";
  AppendEscaped(&line, request.method(), kMethodLimit);
  line += ' ';
  AppendEscaped(&line, uri.data() != nullptr ? uri : request.script_name(), kUrlLimit);
  line += " took " + std::to_string(milliseconds) + " ms";
  if (!request.script_filename().empty()) {
    line += ", script ";
    AppendEscaped(&line, request.script_filename(), kScriptLimit);
  }
  return line + " (LSAPI_SLOW_REQ_MSECS)";
}

}  // namespace lsapi
