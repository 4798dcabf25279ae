// Parses recorded requests for callgrind to count: parse-captures FILE, which holds packets one behind the
// other.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <vector>

#include "../../native/protocol/packet.h"
#include "../../native/protocol/request_parser.h"

namespace {

std::vector<lsapi::Bytes> packets;
size_t sum = 0;  // so that nothing is optimized away

/// What a request costs before JavaScript sees it: the packet is checked, its headers and variables are
/// looked at.
void Parse(lsapi::Bytes packet) {
  lsapi::RequestView view;
  if (view.Parse(packet) != lsapi::ParseError::kNone) return;
  sum += view.method().size() + view.request_uri().size();
  for (size_t slot = 0; slot < lsapi::kKnownHeaderCount; ++slot) sum += view.known_header(slot).size();
  for (size_t i = 0; i < view.unknown_header_count(); ++i) sum += view.unknown_header(i).value.size();
  view.ForEachEnv([](std::string_view name, std::string_view value) { sum += name.size() + value.size(); });
}

}  // namespace

/// The one function whose instructions are counted.
extern "C" __attribute__((noinline)) void ParseAllPackets() {
  for (const lsapi::Bytes packet : packets) Parse(packet);
}

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::ifstream file(argv[1], std::ios::binary);
  const std::vector<char> content{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const auto* const begin = reinterpret_cast<const uint8_t*>(content.data());
  for (size_t at = 0; at + lsapi::kPacketHeaderSize <= content.size();) {
    int32_t length;
    std::memcpy(&length, begin + at + 4, sizeof length);
    if (length < 8 || static_cast<size_t>(length) > content.size() - at) return 2;
    packets.emplace_back(begin + at, static_cast<size_t>(length));
    at += static_cast<size_t>(length);
  }
  ParseAllPackets();
  std::printf("%zu %zu\n", packets.size(), sum);
  return 0;
}
