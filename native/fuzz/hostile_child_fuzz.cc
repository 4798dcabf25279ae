// A child that sends its parent arbitrary messages and writes arbitrary bytes to the memory that both share:
// whatever the parent reads there stays within its bounds, and no descriptor stays open.
#include <fcntl.h>
#include <fuzzer/FuzzedDataProvider.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "process/channel.h"
#include "process/child_table.h"
#include "require.h"

namespace lsapi {
namespace {

/// Bytes as one message, with `count` descriptors.
void Send(int channel, std::string bytes, size_t count) {
  const std::vector<int> descriptors(count, STDIN_FILENO);
  std::vector<uint8_t> control(CMSG_SPACE(count * sizeof(int)));
  iovec part{bytes.data(), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (count > 0) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(count * sizeof(int));
    std::memcpy(CMSG_DATA(header), descriptors.data(), count * sizeof(int));
  }
  sendmsg(channel, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void Talk(FuzzedDataProvider* input) {
  const Channel channel = MakeChannel();
  LSAPI_REQUIRE(channel.is_open());
  const int lowest_free = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
  close(lowest_free);
  int messages = 0;
  for (; messages < 16 && input->ConsumeBool(); ++messages) {
    const size_t count = input->ConsumeBool() ? 0 : input->ConsumeIntegralInRange<size_t>(0, 253);
    Send(channel.child.get(), input->ConsumeRandomLengthString(64), count);
  }
  if (input->ConsumeBool()) shutdown(channel.child.get(), input->ConsumeBool() ? SHUT_WR : SHUT_RDWR);
  for (;; --messages) {
    const ReceivedMessage received = ReceiveMessage(channel.parent.get());
    if (received.outcome != ReceivedMessage::Outcome::kMessage) break;
    LSAPI_REQUIRE(messages > 0);
  }
  const int next = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
  LSAPI_REQUIRE(next == lowest_free);
  close(next);
}

void Scribble(FuzzedDataProvider* input) {
  constexpr uint32_t kSlots = 2;
  const Scoreboard board = Scoreboard::Create(kSlots);
  LSAPI_REQUIRE(board.is_open());
  ChildTable table(&board);
  auto child = std::make_unique<Child>();
  child->pid = 1;
  child->slot = 1;
  child->handed = input->ConsumeIntegral<uint64_t>();
  child->pings = input->ConsumeIntegral<uint64_t>();
  const Child& added = table.Add(std::move(child));

  const std::vector<uint8_t> own = input->ConsumeBytes<uint8_t>(sizeof(ScoreboardSlot));
  std::copy(own.begin(), own.end(), reinterpret_cast<uint8_t*>(&board.slot(1)));
  const std::vector<uint8_t> all = input->ConsumeBytes<uint8_t>(sizeof(ScoreboardHeader));
  std::copy(all.begin(), all.end(), reinterpret_cast<uint8_t*>(&board.header()));

  const SlotText text = ReadText(board.slot(1));
  LSAPI_REQUIRE(text.method.size() <= sizeof board.slot(1).method);
  LSAPI_REQUIRE(text.url.size() <= sizeof board.slot(1).url);
  LSAPI_REQUIRE(text.url.find('\0') == std::string::npos);
  LSAPI_REQUIRE(table.connections(added) <= added.handed);
  LSAPI_REQUIRE(board.slot_count() == kSlots);
  LSAPI_REQUIRE(table.FindFreeSlot() == 0);
  LSAPI_REQUIRE(!table.is_open(added) || table.state(added) == SlotState::kServing ||
                table.state(added) == SlotState::kStarting);
  table.hangs(added, input->ConsumeIntegral<uint64_t>(), 200);
  StoreText(board.slot(1), "GET", "/");
  LSAPI_REQUIRE(ReadText(board.slot(1)).url == "/");

  // What has become of the header is a scoreboard of the same size, or none.
  const Scoreboard again = Scoreboard::Open(FileDescriptor(fcntl(board.fd(), F_DUPFD_CLOEXEC, 0)));
  LSAPI_REQUIRE(!again.is_open() || again.slot_count() == kSlots);
  table.Remove(1);
  LSAPI_REQUIRE(board.slot(1).state.load() == 0);
}

}  // namespace
}  // namespace lsapi

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzedDataProvider input(data, size);
  lsapi::Talk(&input);
  lsapi::Scribble(&input);
  return 0;
}
