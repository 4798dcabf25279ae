#include "group_state.h"

#include <fcntl.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

namespace lsapi {

namespace {

constexpr std::string_view kVersion = "1";

std::string_view TakeUntil(std::string_view* text, char separator) {
  const size_t end = text->find(separator);
  const std::string_view part = text->substr(0, end);
  text->remove_prefix(end == std::string_view::npos ? text->size() : end + 1);
  return part;
}

template <typename Number>
bool TakeNumber(std::string_view* text, Number* number) {
  const std::string_view part = TakeUntil(text, ',');
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), *number);
  return !part.empty() && error == std::errc() && end == part.data() + part.size();
}

/// Descriptors of a state, each of which has one owner.
class Descriptors {
 public:
  bool Take(std::string_view* text, FileDescriptor* descriptor) {
    int fd = -1;
    if (!TakeNumber(text, &fd) || fd < 0 || fcntl(fd, F_GETFD) < 0) return false;
    if (std::find(taken_.begin(), taken_.end(), fd) != taken_.end()) return false;
    taken_.push_back(fd);
    SetCloseOnExec(fd);
    descriptor->Reset(fd);
    return true;
  }

 private:
  std::vector<int> taken_;
};

std::unique_ptr<Child> TakeChild(std::string_view part, Descriptors* descriptors) {
  auto child = std::make_unique<Child>();
  if (!TakeNumber(&part, &child->slot) || !TakeNumber(&part, &child->pid) ||
      !descriptors->Take(&part, &child->channel.parent) || !descriptors->Take(&part, &child->channel.child) ||
      !TakeNumber(&part, &child->handed) || !TakeNumber(&part, &child->generation) ||
      !TakeNumber(&part, &child->started) || !TakeNumber(&part, &child->pings)) {
    return nullptr;
  }
  // Signals are sent to it: other numbers mean more than one process.
  if (child->pid <= 0) return nullptr;
  child->last_handed = child->started;
  return child;
}

}  // namespace

std::optional<GroupState> GroupState::Parse(const std::string& text) {
  std::string_view rest = text;
  if (TakeUntil(&rest, ';') != kVersion) return std::nullopt;
  GroupState state;
  std::string_view head = TakeUntil(&rest, ';');
  FileDescriptor memory;
  Descriptors descriptors;
  if (!descriptors.Take(&head, &state.listener) || !descriptors.Take(&head, &memory) ||
      !TakeNumber(&head, &state.failed_loads)) {
    return std::nullopt;
  }
  state.board = Scoreboard::Open(std::move(memory));
  if (!state.board.is_open()) return std::nullopt;
  std::vector<bool> occupied(state.board.slot_count());
  while (!rest.empty()) {
    std::string_view part = TakeUntil(&rest, ';');
    if (part.starts_with('w')) {
      part.remove_prefix(1);
      FileDescriptor connection;
      if (!descriptors.Take(&part, &connection)) return std::nullopt;
      state.waiting.push_back(std::move(connection));
    } else if (part.starts_with('c')) {
      part.remove_prefix(1);
      std::unique_ptr<Child> child = TakeChild(part, &descriptors);
      if (!child || child->slot >= state.board.slot_count() || occupied[child->slot]) return std::nullopt;
      occupied[child->slot] = true;
      state.children.push_back(std::move(child));
    } else if (part.starts_with('o')) {
      part.remove_prefix(1);
      uint32_t slot = 0;
      FileDescriptor pipe;
      if (state.children.empty() || !TakeNumber(&part, &slot) || slot != state.children.back()->slot ||
          state.children.back()->output.is_open() || !descriptors.Take(&part, &pipe)) {
        return std::nullopt;
      }
      state.children.back()->output = ChildOutput(std::move(pipe));
    } else {
      return std::nullopt;
    }
  }
  return state;
}

std::string DescribeState(int listener, int scoreboard, uint32_t failed_loads) {
  return std::string(kVersion) + ';' + std::to_string(listener) + ',' + std::to_string(scoreboard) + ',' +
         std::to_string(failed_loads);
}

std::string DescribeChild(const Child& child) {
  return ";c" + std::to_string(child.slot) + ',' + std::to_string(child.pid) + ',' +
         std::to_string(child.channel.parent.get()) + ',' + std::to_string(child.channel.child.get()) + ',' +
         std::to_string(child.handed) + ',' + std::to_string(child.generation) + ',' +
         std::to_string(child.started) + ',' + std::to_string(child.pings);
}

std::string DescribeOutput(const Child& child) {
  if (!child.output.is_open()) return {};
  return ";o" + std::to_string(child.slot) + ',' + std::to_string(child.output.fd());
}

std::string DescribeWaiting(int connection) { return ";w" + std::to_string(connection); }

std::vector<int> DescriptorsOf(const std::string& state) {
  std::vector<int> descriptors;
  std::string_view rest = state;
  if (TakeUntil(&rest, ';') != kVersion) return descriptors;
  const auto take = [&descriptors](std::string_view* part) {
    int fd = -1;
    if (TakeNumber(part, &fd)) descriptors.push_back(fd);
  };
  std::string_view head = TakeUntil(&rest, ';');
  take(&head);
  take(&head);
  while (!rest.empty()) {
    std::string_view part = TakeUntil(&rest, ';');
    const bool is_child = part.starts_with('c');
    const bool is_output = part.starts_with('o');
    part.remove_prefix(part.empty() ? 0 : 1);
    if (is_output) TakeUntil(&part, ',');
    if (is_child) {
      TakeUntil(&part, ',');
      TakeUntil(&part, ',');
      take(&part);
    }
    take(&part);
  }
  return descriptors;
}

void SetCloseOnExec(int fd) { fcntl(fd, F_SETFD, FD_CLOEXEC); }

}  // namespace lsapi
