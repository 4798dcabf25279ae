// Any text for the response writer. What it writes must be one packet that the server can read, within the
// bound.
#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <memory>
#include <string>

#include "protocol/response_writer.h"
#include "require.h"
#include "support/response_text.h"

using namespace lsapi;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzedDataProvider input(data, size);
  const Encoding encoding{static_cast<uint8_t>(input.ConsumeIntegralInRange(0, 1)),
                          input.ConsumeBool() ? ByteOrder::kLittle : ByteOrder::kBig};
  const int32_t status = MapStatus(input.ConsumeIntegral<int32_t>());
  const int64_t length =
      input.ConsumeBool() ? -1 : input.ConsumeIntegralInRange<int64_t>(0, (int64_t{1} << 53) - 1);
  const int repetitions = input.ConsumeBool() ? 1 : input.ConsumeIntegralInRange(1, 2000);
  const bool exact = input.ConsumeBool();
  const std::string once = input.ConsumeRemainingBytesAsString();
  std::string text;
  for (int i = 0; i < repetitions && text.size() < 100'000; ++i) text += once;
  const auto lines = static_cast<uint32_t>(std::count(text.begin(), text.end(), '\n'));
  const uint32_t count = exact ? lines : lines + 1;

  const size_t bound = ResponseHeaderBound(text.size(), count);
  const std::unique_ptr<uint8_t[]> out(new uint8_t[bound]);
  const HeaderResult result = WriteResponseHeader(text, count, status, encoding, length, {out.get(), bound});
  if (result.error != HeaderError::kNone) {
    LSAPI_REQUIRE(result.size == 0);
    LSAPI_REQUIRE(result.line <= lines);
    return 0;
  }
  LSAPI_REQUIRE(exact && result.size <= bound && lines <= kMaximumResponseHeaders);
  const std::string packet(reinterpret_cast<const char*>(out.get()), result.size);
  const std::string said = test::Describe(packet, encoding);
  LSAPI_REQUIRE(said.rfind("RESP_HEADER(" + std::to_string(status) + "; ", 0) == 0);
  LSAPI_REQUIRE(said.find("BROKEN") == std::string::npos || text.find("BROKEN") != std::string::npos);
  LSAPI_REQUIRE(said.find('\n') == std::string::npos && said.find('\r') == std::string::npos);
  return 0;
}
