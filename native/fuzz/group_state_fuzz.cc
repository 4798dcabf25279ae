// States of groups that are arbitrary text: whatever is parsed owns each descriptor once, and names what
// DescriptorsOf() names. The text cannot reach descriptors of the fuzzer itself.
#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "process/group_state.h"
#include "require.h"

namespace lsapi {
namespace {

/// Ours: descriptors from here on, the first of them a scoreboard. All that a text may find open.
constexpr int kFirst = 900;
constexpr int kCount = 8;

bool IsOurs(int fd) { return fd >= kFirst && fd < kFirst + kCount; }

void OpenOurs(const Scoreboard& board, const FileDescriptor& event) {
  LSAPI_REQUIRE(dup2(board.fd(), kFirst) == kFirst);
  for (int fd = kFirst + 1; fd < kFirst + kCount; ++fd) LSAPI_REQUIRE(dup2(event.get(), fd) == fd);
}

/// The text with an `x` in front of each number that is an open descriptor of somebody else.
std::string Disarm(std::string_view text) {
  std::string disarmed;
  while (!text.empty()) {
    const size_t begin = std::min(text.find_first_of("0123456789"), text.size());
    disarmed += text.substr(0, begin);
    text.remove_prefix(begin);
    const std::string_view digits =
        text.substr(0, std::min(text.find_first_not_of("0123456789"), text.size()));
    int fd = -1;
    std::from_chars(digits.data(), digits.data() + digits.size(), fd);
    if (!digits.empty() && fd >= 0 && !IsOurs(fd) && fcntl(fd, F_GETFD) >= 0) disarmed += 'x';
    disarmed += digits;
    text.remove_prefix(digits.size());
  }
  return disarmed;
}

void Check(const GroupState& state, const std::string& text) {
  std::multiset<int> owned{state.listener.get(), state.board.fd()};
  std::set<uint32_t> slots;
  std::string again = DescribeState(state.listener.get(), state.board.fd(), state.failed_loads);
  for (const auto& child : state.children) {
    LSAPI_REQUIRE(child->pid > 0);
    LSAPI_REQUIRE(child->slot < state.board.slot_count());
    LSAPI_REQUIRE(slots.insert(child->slot).second);
    owned.insert({child->channel.parent.get(), child->channel.child.get()});
    if (child->output.is_open()) owned.insert(child->output.fd());
    again += DescribeChild(*child) + DescribeOutput(*child);
  }
  for (const FileDescriptor& connection : state.waiting) {
    owned.insert(connection.get());
    again += DescribeWaiting(connection.get());
  }
  const std::vector<int> named = DescriptorsOf(text);
  LSAPI_REQUIRE(owned == std::multiset<int>(named.begin(), named.end()));
  for (const int fd : owned) {
    LSAPI_REQUIRE(owned.count(fd) == 1);
    LSAPI_REQUIRE(fcntl(fd, F_GETFD) == FD_CLOEXEC);
  }
  const std::vector<int> named_again = DescriptorsOf(again);
  LSAPI_REQUIRE(owned == std::multiset<int>(named_again.begin(), named_again.end()));
}

}  // namespace
}  // namespace lsapi

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lsapi;
  static const Scoreboard board = Scoreboard::Create(3);
  static const FileDescriptor event(eventfd(0, EFD_CLOEXEC));
  OpenOurs(board, event);
  const std::string text = Disarm({reinterpret_cast<const char*>(data), size});
  if (const std::optional<GroupState> state = GroupState::Parse(text)) Check(*state, text);
  return 0;
}
