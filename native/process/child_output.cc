#include "child_output.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "log.h"

namespace lsapi {

namespace {

/// Longer lines are cut in pieces. Fits into a line of the log with its prefix.
constexpr size_t kLongestLine = 900;

void WriteLine(pid_t pid, std::string_view line) {
  Log("child %d: %.*s", pid, static_cast<int>(line.size()), line.data());
}

}  // namespace

bool ChildOutput::Forward(pid_t pid) {
  std::array<char, 4096> bytes;
  constexpr int kMostReads = 4;
  for (int count = 0; count < kMostReads; ++count) {
    const ssize_t size = read(pipe_.get(), bytes.data(), bytes.size());
    if (size < 0) return errno == EAGAIN || errno == EINTR;
    if (size == 0) return false;
    std::string_view text(bytes.data(), static_cast<size_t>(size));
    while (!text.empty()) {
      const size_t end = text.find('\n');
      line_ += text.substr(0, end);
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
      while (line_.size() > kLongestLine) {
        WriteLine(pid, std::string_view(line_).substr(0, kLongestLine));
        line_.erase(0, kLongestLine);
      }
      if (end == std::string_view::npos) break;
      WriteLine(pid, line_);
      line_.clear();
    }
  }
  return true;
}

void ChildOutput::Finish(pid_t pid) {
  if (!line_.empty()) WriteLine(pid, line_);
  line_.clear();
  pipe_.Reset();
}

OutputPipe MakeOutputPipe() {
  std::array<int, 2> ends;
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return {};
  OutputPipe made{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
  fcntl(made.parent.get(), F_SETFL, O_NONBLOCK);
  return made;
}

}  // namespace lsapi
